// all.c - every test in one program, with the implementation inside, so that tests may look in.
// With -DDFQ_CHAPTER=N only the chapters up to N exist, and only their tests; with
// DFQ_NO_THREADS those of threads do not.
#define DFQ_IMPLEMENTATION
#include "../dfq.h"

#include "test.h"

#include "ch0_foundations.c"
#if DFQ_CHAPTER >= 1
#include "ch1_rows.c"
#endif
#if DFQ_CHAPTER >= 2
#include "ch2_expressions.c"
#include "ch2_functions.c"
#include "ch2_reference.c"
#include "ch2_regex.c"
#include "ch2_dates.c"
#include "ch2_more_functions.c"
#endif
#if DFQ_CHAPTER >= 3
#include "ch3_engine.c"
#endif
#if DFQ_CHAPTER >= 4
#include "ch4_hashing.c"
#include "semantics.c"
#include "differential.c"
#include "ch4_windows.c"
#include "ch4_frames.c"
#include "ch4_reshape.c"
#include "ch4_aggregates.c"
#endif
#if DFQ_CHAPTER >= 5
#include "ch5_optimizer.c"
#include "ch5_keys_down.c"
#include "ch5_share.c"
#include "ch4_radix.c"
#endif
#if DFQ_CHAPTER >= 6
#include "ch6_streaming.c"
#include "ch6_pipeline.c"
#include "ch6_names.c"
#include "ch6_messages.c"
#include "ch6_reference.c"
#include "ch6_files.c"
#include "ch6_fixed.c"
#include "ch6_knobs.c"
#include "ch6_json.c"
#include "tpch.c"
#include "pyfloe.c"
#include "ch2_types.c"
#include "ch2_selectors.c"
#include "ch3_user.c"
#include "ch3_members.c"
#include "ch6_predicates.c"
#include "ch6_sources.c"
#include "fuzzed.c"
#include "ch6_columnar.c"
#include "limits.c"
#include "hostile.c"
#include "faults.c"
#include "ch6_written.c"
#include "ch6_edges.c"
#include "ch6_fours.c"
#include "ch6_arrow.c"
#include "edges.c"
#include "ch6_asked.c"
#include "ch4_speed.c"
#include "ch4_narrow.c"
#include "ch4_sums.c"
#include "ch4_texts.c"
#include "ch4_lists.c"
#include "ch4_many_keys.c"
#include "ch6_plain.c"
#include "arithmetic.c"
#include "ch6_seldom.c"
#include "found.c"
#include "odd.c"
#include "ch6_corners.c"
#include "ch6_words.c"
#include "ch6_strange.c"
#include "faults_forms.c"
#endif
#if DFQ_CHAPTER >= 4
#include "ch4_joins.c"
#include "ch4_sorted.c"
#include "ch4_join_keys.c"
#endif
#if DFQ_CHAPTER >= 4 && !defined(DFQ_NO_THREADS)
#include "ch4_parallel.c"
#endif
#if DFQ_CHAPTER >= 6 && !defined(DFQ_NO_THREADS)
#include "threads.c"
#include "ch7_fold.c"
#include "ch7_corners.c"
#include "ch7_top.c"
#include "ch7_places.c"
#endif

int main(int argc, char **argv) {
  test_begin(argc, argv);
  run_ch0_foundations();
#if DFQ_CHAPTER >= 1
  run_ch1_rows();
#endif
#if DFQ_CHAPTER >= 2
  run_ch2_expressions();
  run_ch2_functions();
  run_ch2_reference();
  run_ch2_regex();
  run_ch2_dates();
  run_ch2_more_functions();
#endif
#if DFQ_CHAPTER >= 3
  run_ch3_engine();
#endif
#if DFQ_CHAPTER >= 4
  run_ch4_hashing();
  run_semantics();
  run_differential();
  run_ch4_windows();
  run_ch4_frames();
  run_ch4_reshape();
  run_ch4_aggregates();
#endif
#if DFQ_CHAPTER >= 5
  run_ch5_optimizer();
  run_ch5_keys_down();
  run_ch5_share();
  run_ch4_radix();
#endif
#if DFQ_CHAPTER >= 6
  run_ch6_streaming();
  run_ch6_pipeline();
  run_ch6_names();
  run_ch6_messages();
  run_ch6_reference();
  run_ch6_files();
  run_ch6_fixed();
  run_ch6_knobs();
  run_ch6_json();
  run_tpch();
  run_pyfloe();
  run_ch2_types();
  run_ch2_selectors();
  run_ch3_user();
  run_ch3_members();
  run_ch6_predicates();
  run_ch6_sources();
  run_fuzzed();
  run_ch6_columnar();
  run_hostile();
  run_limits();
  run_faults();
  run_ch6_written();
  run_ch6_edges();
  run_ch6_fours();
  run_ch6_arrow();
  run_edges();
  run_ch6_asked();
  run_ch4_speed();
  run_ch4_narrow();
  run_ch4_sums();
  run_ch4_texts();
  run_ch4_lists();
  run_ch4_many_keys();
  run_ch6_plain();
  run_arithmetic();
  run_ch6_seldom();
  run_found();
  run_odd();
  run_ch6_corners();
  run_ch6_words();
  run_ch6_strange();
  run_faults_forms();
#endif
#if DFQ_CHAPTER >= 4
  run_ch4_joins();
  run_ch4_sorted();
  run_ch4_join_keys();
#endif
#if DFQ_CHAPTER >= 4 && !defined(DFQ_NO_THREADS)
  run_ch4_parallel();
#endif
#if DFQ_CHAPTER >= 6 && !defined(DFQ_NO_THREADS)
  run_threads();
  run_ch7_fold();
  run_ch7_corners();
  run_ch7_top();
  run_ch7_places();
#endif
  return test_summary();
}
