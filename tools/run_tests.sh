#!/bin/sh
# Runs each command given, adds up their lines "N passed, N failed", and prints the sum as the
# last line. A command that fails or ends without such a line counts as one failure. A command
# that begins with "2x " runs as two processes at a time, which share its tests (TEST_SHARD).
mkdir -p build
passed=0
failed=0
count='^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed$'

# tally COMMAND: what build/test.log and build/test.status say of it goes into the sum.
tally() {
  status=$(cat build/test.status)
  counts=$(sed -n "s/$count/\1 \2/p" build/test.log | tail -n 1)
  ran=${counts% *}
  broke=${counts#* }
  if [ -z "$counts" ]; then
    echo "FAIL $1: ended with status $status before its count"
    ran=0 broke=1
  elif [ "$status" -ne 0 ] && [ "$broke" -eq 0 ]; then
    echo "FAIL $1: status $status"
    broke=1
  fi
  echo "$1: $ran passed, $broke failed"
  passed=$((passed + ran))
  failed=$((failed + broke))
}

for command in "$@"; do
  case $command in
    "2x "*)
      command=${command#2x }
      for shard in 1 2; do
        { TEST_SHARD=$shard/2 $command >build/test.log.$shard 2>&1
          echo $? >build/test.status.$shard; } &
      done
      wait
      for shard in 1 2; do
        mv build/test.log.$shard build/test.log
        mv build/test.status.$shard build/test.status
        sed "/$count/d" build/test.log
        tally "$command, part $shard"
      done ;;
    *)
      { $command; echo $? >build/test.status; } 2>&1 | tee build/test.log | sed "/$count/d"
      tally "$command" ;;
  esac
done
rm -f build/test.status
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
