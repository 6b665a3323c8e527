#!/bin/sh
# Runs each command given, adds up their lines "N passed, N failed", and prints the sum as the
# last line. A command that fails or ends without such a line counts as one failure.
mkdir -p build
passed=0
failed=0
count='^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed$'
for command in "$@"; do
  { $command; echo $? >build/test.status; } 2>&1 | tee build/test.log | sed "/$count/d"
  status=$(cat build/test.status)
  counts=$(sed -n "s/$count/\1 \2/p" build/test.log | tail -n 1)
  ran=${counts% *}
  broke=${counts#* }
  if [ -z "$counts" ]; then
    echo "FAIL $command: ended with status $status before its count"
    ran=0 broke=1
  elif [ "$status" -ne 0 ] && [ "$broke" -eq 0 ]; then
    echo "FAIL $command: status $status"
    broke=1
  fi
  echo "$command: $ran passed, $broke failed"
  passed=$((passed + ran))
  failed=$((failed + broke))
done
rm -f build/test.status
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
