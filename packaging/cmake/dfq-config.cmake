# find_package(dfq) reads this: the target dfq::dfq has the header's folder and what it links.
include(CMakeFindDependencyMacro)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_dependency(Threads)
include("${CMAKE_CURRENT_LIST_DIR}/dfq-targets.cmake")
