#!/bin/sh
# The command-line program: sh tests/cli.sh build/dfq, from the project's root. `dfq CODE ...`
# runs it and checks its exit code; what follows looks at what it printed. Prints FAIL lines,
# and at the end `N passed, N failed`.
program=$1
[ -x "$program" ] || { echo "FAIL no program $program"; echo "0 passed, 1 failed"; exit 1; }
case $program in /*) ;; *) program=$PWD/$program ;; esac
data=$PWD/examples/data
tmp=$(mktemp -d "${TMPDIR:-/tmp}/dfq-cli-XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
cd "$tmp" || exit 1
cp "$data/orders.csv" "$data/customers.csv" .
passed=0
failed=0

ok() { passed=$((passed + 1)); }
bad() {
  failed=$((failed + 1))
  echo "FAIL $command"
  echo "  $*"
  sed 's/^/  | /' out err
}

# dfq CODE ARGUMENTS...: standard input is empty, or the file `in`.
dfq() {
  want=$1
  shift
  command="dfq $*"
  [ -f in ] || : >in
  "$program" "$@" <in >out 2>err
  code=$?
  rm -f in
  if [ "$code" -eq "$want" ]; then ok; else bad "exit code $code, not $want"; fi
}

# What was printed, exactly; a text in what was printed, or in what was said on standard error.
prints() { if [ "$(cat out)" = "$1" ]; then ok; else bad "did not print exactly: $1"; fi; }
has() { if grep -qF -e "$1" out; then ok; else bad "did not print: $1"; fi; }
lacks() { if grep -qF -e "$1" out; then bad "printed: $1"; else ok; fi; }
says() { if grep -qF -e "$1" err; then ok; else bad "did not say: $1"; fi; }
says_all() { if [ "$(cat err)" = "$1" ]; then ok; else bad "did not say exactly: $1"; fi; }
silent() { if [ -s err ]; then bad "said something"; else ok; fi; }
prints_nothing() { if [ -s out ]; then bad "printed something"; else ok; fi; }
holds() { if [ "$(cat "$1")" = "$2" ]; then ok; else bad "$1 holds: $(cat "$1")"; fi; }
absent() { if [ -e "$1" ]; then bad "there is a file $1"; else ok; fi; }

# ---- the two pipelines of the project's goals

eu='region,year,tax,n
EU,2024,50.0,1
EU,2023,30.0,1'
dfq 0 --format csv "scan orders.csv | join customers.csv on customer_id left
         | filter amount > 100 and region = 'EU'
         | with amount * 0.2 as tax
         | group region, year: sum(tax) as tax, count() as n | sort tax desc, region | limit 10"
prints "$eu"
silent

# ---- tables on their side

printf 'id,q1,q2\n1,5,6\n2,,8\n' >wide.csv
dfq 0 --format csv "scan wide.csv | unpivot q1, q2 names to q values to x"
prints 'id,q,x
1,q1,5
1,q2,6
2,q1,
2,q2,8'
dfq 0 --format csv "scan wide.csv | unpivot q1, q2 names to q values to x
                    | pivot id on q in ('q1', 'q2'): sum(x) | fill_null 0 in q1"
prints 'id,q1,q2
1,5,6
2,0,8'
dfq 0 --format csv "scan wide.csv | tail 1 | rename_with upper"
prints 'ID,Q1,Q2
2,,8'
dfq 1 "scan wide.csv | melt q1, q2"
says 'did you mean unpivot?'

printf '1|7|11\n2|8|10\n2|9|30\n' >lineitem.tbl
printf 'o_orderkey,o_custkey\n1,100\n2,200\n3,300\n' >orders.tbl
dfq 0 --format csv "let big = scan lineitem.tbl delimiter '|' header false
                                names (l_orderkey, part, qty) | filter qty > 10;
  scan orders.tbl | join big on o_orderkey = l_orderkey semi | select o_custkey"
prints 'o_custkey
100
200'

# ---- where the pipeline comes from

first='scan orders.csv | select order_id | limit 1'
one='order_id
101'
dfq 0 "$first" --format csv
prints "$one"
echo "$first" >in
dfq 0 --format csv
prints "$one"
echo "$first" >first.dfq
dfq 0 -f first.dfq --format csv
prints "$one"
dfq 0 -f=first.dfq --format=csv
prints "$one"
dfq 0 --format csv -- "$first"
prints "$one"
cp first.dfq ./-odd.dfq
dfq 0 --format csv -f -odd.dfq
prints "$one"
printf 'let big = scan orders.csv | filter amount > 100;\nlet eu = big;\n' >lets.dfq
echo 'let none = eu | limit 0; none' >then.dfq
dfq 0 -f lets.dfq -f then.dfq --schema
has amount
dfq 1 -f first.dfq -f then.dfq
says 'first.dfq'
says 'expected let or the end'
dfq 1 -f then.dfq
says 'no let binds eu'
dfq 2 -f nosuch.dfq -f then.dfq
says 'cannot read the pipeline from nosuch.dfq'
dfq 1 -- --help
says 'dfq: syntax error'
dfq 1 ''
says 'expected a pipeline'
dfq 1
says 'expected a pipeline'
dfq 2 -f nosuch.dfq
says 'dfq: cannot read the pipeline from nosuch.dfq'
printf 'scan orders.csv\0| limit 1' >zero.dfq
dfq 2 -f zero.dfq
says 'dfq: cannot read the pipeline from zero.dfq'
dfq 2 -f first.dfq "$first"
says 'not both'
dfq 2 scan orders.csv
says 'one pipeline at a time'

# ---- formats

dfq 0 "$first" --format table
has 'order_id'
has 'i64'
dfq 0 "$first"
has 'i64'
lacks ','
dfq 0 'scan orders.csv | limit 3 | select order_id, amount, year' --format csv
prints 'order_id,amount,year
101,250.0,2024
102,100.0,2024
103,,2024'
dfq 0 'scan orders.csv | limit 3 | select order_id, amount' --format tsv
prints "$(printf 'order_id\tamount\n101\t250.0\n102\t100.0\n103\t')"
dfq 0 "scan customers.csv | limit 2 | with null as none, name = 'Ada' as ada" --format json
prints '[
  {"customer_id": 1, "name": "Ada", "region": "EU", "none": null, "ada": true},
  {"customer_id": 2, "name": "Bo", "region": "US", "none": null, "ada": false}
]'
dfq 0 'scan customers.csv | limit 0' --format json
prints '[]'
dfq 0 'scan customers.csv | limit 0' --format csv
prints 'customer_id,name,region'
dfq 2 "$first" --format xml
says '--format is csv, tsv, json, table'
says ', not xml'
dfq 2 "$first" --format
says '--format needs a value'

# ---- files as output

for ending in csv tsv json txt; do
  dfq 0 "$first" --output "one.$ending"
  prints_nothing
  silent
done
holds one.csv "$one"
holds one.tsv "$one"
json='[
  {"order_id": 101}
]'
holds one.json "$json"
if grep -q i64 one.txt; then ok; else bad "one.txt is no table"; fi
dfq 0 "$first" --output=odd.name --format=json
holds odd.name "$json"
dfq 0 "$first" --output one.csv --format json
holds one.csv "$json"
dfq 2 "$first" --output what.xyz
says 'what is what.xyz to hold?'
dfq 2 "$first" --output ''
says '--output needs the name of a file'
absent what.xyz
dfq 0 "$first" --schema --output schema.csv
holds schema.csv 'name,type
order_id,i64'
dfq 0 "$first" --explain=plain --output plan.text
holds plan.text "$("$program" "$first" --explain=plain)"

# how CSV is written
dfq 0 "scan orders.csv | select order_id as a, 'x;y' as b, 1.5 as c, date '2024-01-31' as d, null as e
       | limit 1" --output how.csv --delimiter ';' --quote always --null NA --crlf --digits 2 \
  --date-format %d.%m.%Y --sync
holds how.csv "$(printf '"a";"b";"c";"d";"e"\r\n"101";"x;y";"1.50";"31.01.2024";NA\r')"
dfq 0 "$first" --format csv --no-header --quote never
prints 101
dfq 2 "$first" --quote sometimes
says '--quote is needed, always or never, not sometimes'
dfq 2 "$first" --digits 18
says '--digits is a number from 0 to 17, not 18'
dfq 1 "scan orders.csv | select 'a,b' as c" --output never.csv --quote never
says 'write: never.csv: row 1: "a,b" would be read as something else'
absent never.csv

# several files of one run, all or none
dfq 0 "$first" --output two.csv --output two.json --output two.txt
holds two.csv "$one"
holds two.json "$json"
dfq 3 "$first" --output three.csv --output nosuch/three.json
says 'nosuch/three.json'
absent three.csv
dfq 2 "$first" --output three --output three.csv
says 'what is three to hold?'

# many files as one
mkdir -p y/year=2023 y/year=2024
cp customers.csv y/year=2023/a.csv
cp customers.csv y/year=2024/b.csv
dfq 0 --format csv "scan y/**/*.csv | filter year = 2024 | group year: count() as n"
prints 'year,n
2024,4'
dfq 0 --format csv "scan (y/year=2023/a.csv, customers.csv) | group: count() as n"
prints 'n
8'
dfq 0 --explain=optimized "scan y/ | filter year > 2023"
has 'files 1 of 2'
dfq 1 'scan y/*.csv'
says 'no file is called y/*.csv'

# a packed file is not read as text; a program may bring what unpacks it
if command -v gzip >/dev/null; then
  gzip -c orders.csv >orders.csv.gz
  dfq 1 'scan orders.csv.gz'
  says 'the file is packed, and no hook unpacks it'
  says 'try: zcat FILE | dfq'
  gzip=${program%/*}/gzip
  command="$gzip 'scan orders.csv.gz'"
  if [ -x "$gzip" ] && "$gzip" 'scan orders.csv.gz | limit 1' >out 2>err; then
    has order_id
    "$gzip" 'scan orders.csv | join orders.csv.gz on order_id | group: count() as n' >out 2>err
    "$gzip" 'scan orders.csv | group: count() as n' >also 2>err
    if cmp -s out also; then ok; else bad "packed and not packed differ"; fi
    head -c 100 orders.csv.gz >cut.csv.gz
    if "$gzip" 'scan cut.csv.gz' >out 2>err; then bad "half a file was read"; else ok; fi
  fi
fi

# files by key, and back
dfq 0 'scan orders.csv' --output byyear --partition year
prints_nothing
dfq 0 --format csv 'scan byyear/ | filter year = 2024 | select order_id | sort order_id | limit 1'
has order_id
dfq 0 --explain=optimized 'scan byyear/ | filter year = 2024'
has 'files 1 of'
dfq 3 'scan orders.csv' --output byyear --partition year
says 'byyear: is not empty'
dfq 1 'scan orders.csv' --output bynone --partition 'year, nosuch'
says 'no column nosuch'
absent bynone
dfq 2 'scan orders.csv' --partition year
says '--partition needs one --output'

# where writing fails, the old file stays, and nothing is left beside it
if [ -c /dev/full ]; then
  dfq 3 'scan orders.csv' --output /dev/full --format csv
  says 'No space left on device'
fi
awk 'BEGIN { print "a,b"; for (i = 0; i < 100000; i++) print i ",some text" }' >much.csv
mkdir full
echo old >full/keep.csv
command='dfq ... --output full/keep.csv, with a limit for files'
(ulimit -f 200; trap '' XFSZ; exec "$program" 'scan much.csv' --output full/keep.csv) >out 2>err
code=$?
if [ "$code" -eq 3 ]; then ok; else bad "exit code $code, not 3"; fi
says 'File too large'
holds full/keep.csv old
if [ "$(ls full)" = keep.csv ]; then ok; else bad "left behind: $(ls full)"; fi
if [ "$(id -u)" -ne 0 ]; then
  chmod 500 full
  dfq 3 "$first" --output full/keep.csv
  says 'Permission denied'
  chmod 700 full
  holds full/keep.csv old
fi
command='dfq --output pipe, whose reader goes'
if mkfifo hose 2>/dev/null; then
  head -c 10 hose >/dev/null &
  "$program" 'scan much.csv' --format csv --output hose >out 2>err
  code=$?
  wait $!
  if [ "$code" -eq 3 ]; then ok; else bad "exit code $code, not 3"; fi
  says 'hose: Broken pipe'
fi
command='dfq | head'
{ "$program" 'scan much.csv' --format csv 2>err; echo $? >code; } | head -1 >out
prints 'a,b'
silent
if [ "$(cat code)" -eq 0 ]; then ok; else bad "exit code $(cat code), not 0"; fi

# how far it is, on standard error
dfq 0 'scan much.csv | group: count() as n' --progress --format csv
prints 'n
100000'

# a file may be replaced by what was made of it
cp customers.csv same.csv
dfq 0 "scan same.csv | filter region = 'EU' | select name" --output same.csv
holds same.csv 'name
Ada
Cleo'

# whole or not at all: a query that fails halfway leaves the old file, and no other
awk 'BEGIN { print "a"; for (i = 0; i < 100000; i++) print i; print "x" }' >late.csv
for ending in csv json; do
  echo old >"keep.$ending"
  dfq 1 'scan late.csv' --output "keep.$ending"
  says 'late.csv:100002'
  holds "keep.$ending" old
done
dfq 1 'scan late.csv' --output new.csv
absent new.csv
if [ "$(ls | grep -c -e '^keep' -e '^new')" -eq 2 ]; then ok; else bad "left behind: $(ls)"; fi
for ending in csv json; do
  dfq 3 "$first" --output "nosuch/one.$ending"
  says "nosuch/one.$ending"
done
if [ -c /dev/full ]; then
  for format in table csv json; do
    command="dfq --format $format >/dev/full"
    "$program" 'scan late.csv | limit 9' --format "$format" >/dev/full 2>err
    code=$?
    : >out
    if [ "$code" -eq 3 ]; then ok; else bad "exit code $code, not 3"; fi
    says 'dfq: cannot write'
  done
fi

# ---- instead of rows

dfq 0 'scan orders.csv' --schema
prints 'order_id     i64
customer_id  i64
amount       f64
year         i64'
dfq 0 'scan orders.csv | select year' --schema --format json
prints '[
  {"name": "year", "type": "i64"}
]'
dfq 1 'scan orders.csv | select yer' --schema
says 'did you mean year?'
two='scan orders.csv | with amount * 2 as b | filter year = 2024 | select order_id'
dfq 0 "$two" --explain
has 'filter'
dfq 0 "$two" --explain=both
cp out both.text
dfq 0 "$two" --explain
prints "$(cat both.text)"
dfq 0 "$two" --explain=plain
has 'amount * 2'
dfq 0 "$two" --explain=optimized
lacks 'amount * 2'
dfq 0 "$two" --explain=analyze
has 'rows'
dfq 0 "$two" --explain=journal
has 'prune'
dfq 0 "$two" --explain=dot
has 'digraph'
dfq 0 "$two" --explain=json
has '{'
dfq 2 "$two" --explain=loudly
says '--explain is plain, optimized'
dfq 2 "$two" --explain --schema
says 'not both'

# ---- how it is run: always the same answer

for how in '--engine row' '--engine=batch' '--threads 1' '--threads=4' '--batch 1' \
  '--batch=100000' --no-optimize '--off push_filter' '--off=prune --off fold' \
  '--engine row --no-optimize'; do
  dfq 0 $how "scan orders.csv | join customers.csv on customer_id left
    | filter amount > 100 and region = 'EU' | with amount * 0.2 as tax
    | group region, year: sum(tax) as tax, count() as n
    | sort tax desc, region | limit 10" --format csv
  prints "$eu"
done
dfq 0 --off prune "$two" --explain=journal
lacks 'prune '
dfq 2 --off nosuch "$first"
says 'the optimizer has no rule nosuch; its rules are split_and, fold,'
dfq 2 --engine turbo "$first"
says '--engine is batch or row, not turbo'
for wrong in '--threads 0' '--threads -1' '--threads x' '--threads=' '--batch 0' \
  '--batch 1e3'; do
  dfq 2 $wrong "$first"
  says 'a number'
done
dfq 2 --no-optimize=yes "$first"
says '--no-optimize takes no value'
dfq 2 --nosuch "$first"
says 'there is no flag --nosuch'
dfq 2 -x "$first"
says 'there is no flag -x'
dfq 2 "$first" --threads
says '--threads needs a value'

# ---- parameters

dfq 0 'scan customers.csv | filter name = $who | select region' --param who=Bo --format csv
prints 'region
US'
dfq 0 'scan customers.csv | limit $n | select customer_id' --param n=1 --format csv
prints 'customer_id
1'
types='scan customers.csv | limit 1
       | select $a as a, $b as b, $c as c, $d as d, $e as e, $f as f'
dfq 0 "$types" --param a=7 --param b=-1.5 --param=c=007 --param d=x=y --param e= --param f=nan \
  --schema --format csv
prints 'name,type
a,i64
b,f64
c,str
d,str
e,str
f,str'
dfq 0 "$types" --param a:str=7 --param b:f64=1 --param c:i64=007 --param d:date=2024-02-29 \
  --param e:bool=true --param f:f64=nan --format csv
prints 'a,b,c,d,e,f
7,1.0,7,2024-02-29,true,nan'
dfq 0 'scan customers.csv | filter name = $who' --param "who=' or true or '" --format csv
prints 'customer_id,name,region'
dfq 1 'scan customers.csv | filter name = $who'
says '$who has no value'
dfq 2 "$first" --param day:date=tomorrow
says '--param day: tomorrow is no value of type date'
dfq 2 "$first" --param x:i64=abc
says '--param x: abc is no value of type i64'
dfq 2 "$first" --param x:i64=
says '--param x: nothing is no value of type i64'
dfq 2 "$first" --param day:dates=2024-01-01
says 'there is no type dates'
dfq 2 "$first" --param day
says '--param is name=value'
dfq 2 "$first" --param =day
says '--param is name=value'

# ---- the functions of the language

dfq 0 --functions
has 'Texts'
has '  upper                 with'
has '  row_number            the row'
silent
dfq 0 --functions upper
prints "upper(str) -> str
  with ASCII's letters as capitals; other bytes stay
  of a null, null
  example: upper('dfq')  =  'DFQ'"
dfq 0 --functions pad
has 'pad_left(str, i64) -> str'
has 'pad_right(str, i64) -> str'
dfq 1 --functions nothing_like_it
says 'dfq: no function has nothing_like_it in its name'

# Stages know the columns of their own input, also for selectors.
dfq 0 --format csv 'scan orders.csv | limit 1 | cast cols(integer) as str, amount as i64'
prints 'order_id,customer_id,amount,year
101,1,250,2024'

# ---- help, version

dfq 0 --help
has 'usage: dfq'
silent
if [ "$(wc -l <out)" -le 24 ] && [ "$(grep -c '^  dfq ' out)" -eq 3 ]; then ok
else bad "more than a screen, or not three examples"; fi
if awk 'length > 80 { exit 1 }' out; then ok; else bad "lines of more than 80 columns"; fi
# What it says behind `scan PATH` can be written so, once the brackets are gone.
options=$(sed -n '/^scan PATH/,/^stages/{/^stages/d;s/^scan PATH//;p;}' out |
          tr -d '[]' | tr '\n' ' ' | sed 's/ N / 1 /g;s/error|null|skip/null/')
printf 'above\n1;2\n#\n3;4\n' >options.csv
dfq 0 --format csv "scan options.csv $options"
prints 'a,b
1,2
3,4'
dfq 0 -h
has 'usage: dfq'
dfq 0 --version
has 'dfq 0.'

# Types of parameters are those of the language; a script may begin with UTF-8's mark.
for type in 'time=12:30' 'decimal(2)=1.5' 'i8=-3' 'u64=18446744073709551615'; do
  dfq 0 'scan customers.csv | limit 1 | select $p as p' --param "p:$type" --schema
  has "p  ${type%%=*}"
done
dfq 2 'scan customers.csv | filter $p' --param 'p:money=1'
says 'there is no type money'
dfq 2 'scan customers.csv | filter $p' --param 'p:i8=300'
says '300 is no value of type i8'
printf '\357\273\277scan customers.csv | limit 0' >marked.dfq
dfq 0 -f marked.dfq

# - is standard output, as it is standard input of a scan.
dfq 0 'scan customers.csv | limit 1 | select name' --output - --format csv
has name
dfq 2 'scan customers.csv' --output - --output x.csv
echo before >shared
{ "$program" 'scan customers.csv | limit 1 | select name' --output - --format csv; echo end; } >>shared
if [ "$(head -n 1 shared)" = before ] && [ "$(wc -l <shared)" -eq 4 ]; then ok; else bad "$(cat shared)"; fi
if [ -e ./- ]; then bad "there is a file called -"; else ok; fi

# What stands at the output's name and is no file stays what it is.
mkfifo pipe
cat pipe >through &
dfq 0 'scan same.csv | limit 1 | select name' --output pipe --format csv
wait
if [ -p pipe ]; then ok; else bad "the pipe is gone"; fi
if [ "$(wc -l <through)" -eq 2 ]; then ok; else bad "through the pipe came: $(cat through)"; fi
echo old >linked.csv
ln -s linked.csv link.csv
dfq 0 'scan same.csv | limit 1 | select name' --output link.csv
if [ -h link.csv ]; then ok; else bad "the link is gone"; fi
if [ "$(wc -l <linked.csv)" -eq 2 ]; then ok; else bad "linked.csv holds: $(cat linked.csv)"; fi
mkdir away
ln -s away/made.csv toward.csv
ln -s toward.csv further.csv
dfq 0 'scan same.csv | limit 1 | select name' --output further.csv
if [ -h further.csv ] && [ -h toward.csv ]; then ok; else bad "the link to nothing is gone"; fi
if [ "$(wc -l <away/made.csv)" -eq 2 ]; then ok; else bad "away holds: $(ls away)"; fi
ln -s ring2.csv ring1.csv
ln -s ring1.csv ring2.csv
dfq 3 'scan same.csv' --output ring1.csv
says 'ring1.csv: '
if [ -h ring1.csv ] && [ -h ring2.csv ]; then ok; else bad "the ring is gone"; fi
long=$(printf '%0251d' 0).csv
dfq 0 'scan same.csv | limit 1' --output "$long"
if [ -s "$long" ]; then ok; else bad "a name of 255 bytes was not written"; fi
rm "$long"
dfq 0 'scan same.csv | with 1 as k | limit 1' --output "$long" --partition k --format csv
if [ -s "$long/k=1/part-0.csv" ]; then ok; else bad "a folder's name of 255 bytes was not made"; fi
rm -r "$long"
echo old >private.csv
chmod 600 private.csv
dfq 0 'scan same.csv | limit 1 | select name' --output private.csv
case $(ls -l private.csv) in -rw-------*) ok ;; *) bad "$(ls -l private.csv)" ;; esac
dfq 0 'scan same.csv | limit 1' --output link.csv --format json
if [ -h link.csv ]; then ok; else bad "the link is gone"; fi
has_json=$(head -c 1 linked.csv)
if [ "$has_json" = '[' ]; then ok; else bad "linked.csv holds: $(cat linked.csv)"; fi
dfq 0 'scan same.csv | limit 1 | select name' --output /dev/null --format csv
if [ -c /dev/null ]; then ok; else bad "/dev/null is gone"; fi

# ---- errors: what, where, why, on standard error, and nothing on standard output

dfq 1 'scan orders.csv | fliter amount > 1'
says_all 'dfq: syntax error: no stage called fliter; did you mean filter?
  scan orders.csv | fliter amount > 1
                    ^^^^^^'
prints_nothing
printf 'scan orders.csv\n| filter year > 2000\n| filter amount > '"'x'"'\n' >bad.dfq
dfq 1 -f bad.dfq --format csv
says_all "dfq: type error, bad.dfq, line 3, filter: cannot compare amount (f64) with 'x' (str)
  | filter amount > 'x'
                    ^^^"
prints_nothing
dfq 1 'scan nosuch.csv'
says 'nosuch.csv'
says '^^^^^^^^^^'
dfq 1 'scan late.csv' --format csv
says 'late.csv:100002'
dfq 1 'scan orders.csv | select cast(amount as str) as s | select cast(s as i64) as n'
says 'try: try_cast'

# ---- what happened that was no error

printf 'a,a,\n1,2,3\n' >twice.csv
dfq 0 'scan twice.csv' --format csv
says 'dfq: note: '
has '1,2,3'
awk 'BEGIN { print "a"; for (i = 0; i < 2000; i++) print i; print "x" }' >odd.csv
dfq 0 'scan odd.csv bad_values skip | group: count() as n' --format csv
prints 'n
2000'
says 'dfq: note: '

# ---- dfq ... | head: it ends quietly, and does not read what nobody will see

# A bad value stands at the end of a long file. Who reads that far complains about it.
rows=500000
awk -v n=$rows 'BEGIN { print "a,b"; for (i = 0; i < n; i++) print i ",some text" }' >many.csv
{ cat many.csv; echo 'x,y'; } >long.csv
dfq 1 'scan long.csv' --format csv
says "long.csv:$((rows + 2))"
for how in '' '--engine row' '--threads 1' '--no-optimize'; do
  command="dfq 'scan long.csv' --format csv $how | head -n 2"
  { "$program" 'scan long.csv' --format csv $how 2>err; echo $? >code; } | head -n 2 >out
  prints 'a,b
0,some text'
  silent
  if [ "$(cat code)" -eq 0 ]; then ok; else bad "exit code $(cat code), not 0"; fi
  dfq 0 'scan long.csv | filter a > 5 | limit 2' --format csv $how
  prints 'a,b
6,some text
7,some text'
done

# A pipe is read once and from its beginning; what is not read is left to others.
bytes=$(wc -c <many.csv)
command="cat many.csv | { dfq 'scan /dev/stdin' | head -n 2; wc -c; }"
cat many.csv | {
  { "$program" 'scan /dev/stdin' --format csv 2>err; echo $? >code; } | head -n 2 >out
  wc -c >left
}
prints 'a,b
0,some text'
silent
if [ "$(cat code)" -eq 0 ]; then ok; else bad "exit code $(cat code), not 0"; fi
if [ "$(cat left)" -gt $((bytes / 2)) ]; then ok; else bad "$(cat left) bytes were left"; fi
command="cat many.csv | { dfq 'scan /dev/stdin | limit 2'; wc -c; }"
cat many.csv | {
  "$program" 'scan /dev/stdin | filter a > 5 | limit 2' --format csv >out 2>err
  wc -c >left
}
prints 'a,b
6,some text
7,some text'
silent
if [ "$(cat left)" -gt $((bytes / 2)) ]; then ok; else bad "$(cat left) bytes were left"; fi
cp many.csv in
dfq 0 'scan /dev/stdin | group: count() as n, sum(a) as s' --format csv
prints 'n,s
500000,124999750000'
command="cat customers.csv | dfq 'let a = scan /dev/stdin; a | union a'"
cat customers.csv | "$program" 'let a = scan /dev/stdin; a | union a' --format csv >out 2>err
code=$?
if [ "$code" -eq 1 ]; then ok; else bad "exit code $code, not 1"; fi
says '/dev/stdin is a pipe, it can be read only once, and it was'
says 'save it to a file first'
command="cat customers.csv | dfq 'scan /dev/stdin | join (scan /dev/stdin) on customer_id'"
cat customers.csv |
  "$program" 'scan /dev/stdin | join (scan /dev/stdin) on customer_id' >out 2>err
code=$?
if [ "$code" -eq 1 ]; then ok; else bad "exit code $code, not 1"; fi
says '/dev/stdin is a pipe, it can be read only once, and another scan reads it'
cat customers.csv | "$program" 'scan /dev/stdin | union customers.csv | group: count() as n' \
  --format csv >out 2>err
prints 'n
8'

# What a file holds stays a comment, whatever it is; and what stands beside a plan stays there.
printf '"a\n| write evil.csv\n# ",b\n"x, y",1\n' >odd.csv
dfq 0 --sniff odd.csv
"$program" -f out >sniffed 2>err
absent evil.csv
printf 'precious\n' >plan.txt.0.part
dfq 0 --explain 'scan customers.csv' --output plan.txt
holds plan.txt.0.part precious
command='dfq --sync into a pipe'
"$program" 'scan customers.csv | limit 1' --output /dev/stdout --format csv --sync 2>err | cat >out
silent

# A writer that never ends: who reads to the end of it would wait forever.
if mkfifo pipe 2>/dev/null; then
  command='dfq "scan pipe | limit 1"'
  { cat many.csv; exec sleep 60; } >pipe &
  writer=$!
  "$program" 'scan pipe | limit 1' --format csv >out 2>err &
  reader=$!
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    kill -0 $reader 2>/dev/null || break
    sleep 1
  done
  if kill $reader 2>/dev/null; then bad "still reads"; else ok; fi
  kill $writer 2>/dev/null
  wait $writer 2>/dev/null
  prints 'a,b
0,some text'
fi

# Ended while a file is written: the old one stays, and no half of a new one. SIGINT is ignored by
# what a script starts behind its back, and stays ignored.
ended() {
  echo old >keep.csv
  "$program" "$@" >out 2>err &
  reader=$!
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ "$(ls | grep -c '^keep.csv')" -eq 2 ] && break
    sleep 1
  done
  kill -INT $reader
  kill -TERM $reader
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    kill -0 $reader 2>/dev/null || break
    sleep 1
  done
  if kill -9 $reader 2>/dev/null; then bad "still runs"; else ok; fi
  wait $reader 2>/dev/null
  code=$?
  if [ "$code" -eq 143 ]; then ok; else bad "exit code $code, not 143"; fi
  says 'dfq: interrupted'
  holds keep.csv old
  if [ "$(ls | grep -c '^keep.csv')" -eq 1 ]; then ok; else bad "left behind: $(ls)"; fi
}
long='scan many.csv | join many.csv cross | filter a + a_right < 0'
command='dfq ... --output keep.csv, ended'
ended "$long" --output keep.csv
command="dfq '... | write keep.csv', ended"
ended "$long | write 'keep.csv'"
echo "let z = $long | WRITE keep.csv;" >lets.dfq
echo z >use.dfq
command='dfq -f lets.dfq -f use.dfq, ended'
ended -f lets.dfq -f use.dfq

# Standard input as a file, and what a file is.
command="printf ... | dfq 'scan - | limit 1'"
printf 'a;b\n1;2\n3;4\n' | "$program" 'scan - | limit 1' --format csv >out 2>err
if [ "$(cat out)" = "a,b
1,2" ]; then ok; else bad "not the first row"; fi
printf 'a;b\n1,5;x\n2,5;y\n' >found.csv
dfq 0 --sniff found.csv
has "scan found.csv delimiter ';' decimal ',' header true types (a: f64, b: str)"
has "# decimal ',': 1 columns have a type, not 0"
dfq 1 --sniff nowhere.csv
says 'nowhere.csv: No such file'

# ---- JSON Lines, JSON, columns by their places: in and out

cat >trips.jsonl <<'E'
{"id":1,"day":"2024-01-31","at":{"code":"AMS","gate":"007"},"tags":["late","full"],"price":120.5}
{"id":2,"day":"2024-02-01","at":{"code":"CDG","gate":null},"tags":[],"price":80}
E
dfq 0 --schema --format csv 'scan trips.jsonl'
prints 'name,type
id,i64
day,date
at.code,str
at.gate,str
tags,list(str)
price,f64'
dfq 0 --format jsonl "scan trips.jsonl | filter at.gate is null | select id, at.code as code, tags, price"
prints '{"id": 2, "code": "CDG", "tags": [], "price": 80.0}'
dfq 0 --format csv "scan trips.jsonl nested text rows 1 | select at"
prints 'at
"{""code"":""AMS"",""gate"":""007""}"'
dfq 0 'scan trips.jsonl | drop tags' --output trips.json
dfq 0 'scan trips.json' --output back.ndjson
dfq 0 'scan back.ndjson' --output again.json
if cmp -s trips.json again.json; then ok; else bad "what was read back is not what was written"; fi
printf '{"a":1}\n{"a":2,"b":3}\n' >keys.jsonl
dfq 1 'scan keys.jsonl infer 1'
says 'keys.jsonl:2:9, scan: a key that the sample has not: "b"'
says 'unknown ignore'
dfq 0 'scan keys.jsonl infer 1 unknown ignore' --format csv
prints 'a
1
2'
dfq 0 'scan keys.jsonl infer 1 types (b: i64)' --format csv
prints 'a,b
1,
2,3'
printf '{"a":1}\n{"a":2,"a":3}\n' >keys.jsonl
dfq 1 'scan keys.jsonl'
says 'keys.jsonl:2:'
says 'a key that stands twice in its object'
printf '{"a":[1,]}' >keys.json
dfq 1 'scan keys.json'
says 'a comma stands before the closing bracket'
dfq 1 'scan keys.jsonl trim true'
says 'keys.jsonl is JSON, which has other options'
printf '{"a":1}\n' >in
dfq 0 'scan - format json' --format csv
prints 'a
1'

printf 'Name      Age  City\nAda        36  London\nOttilie R 101  Ulm\n' >people.fwf
people='Name,Age,City
Ada,36,London
Ottilie R,101,Ulm'
cp people.fwf people.dat
for query in 'scan people.fwf' 'scan people.fwf widths (10, 5, 8)' 'scan people.dat format fixed' \
  'scan people.dat format fixed widths (1-9, 11-13, 16-)'; do
  dfq 0 "$query" --format csv
  prints "$people"
done
dfq 0 'scan people.fwf | limit 1' --format md
prints '| Name | Age | City |
| --- | ---: | --- |
| Ada | 36 | London |'
dfq 0 'scan people.fwf' --output people.tab
dfq 0 'scan people.tab' --format csv
prints "$people"
dfq 0 'scan people.fwf' --output people.prn
dfq 0 'scan people.prn' --format csv
prints "$people"
dfq 0 'scan people.fwf | limit 2' --format fixed --widths '10, 5, 6'
prints 'Name        AgeCity
Ada          36London
Ottilie R   101Ulm'
dfq 0 "scan people.fwf | select Age / 0.0 as x, if(Age > 50, null, Age) as a" --format md --align --null - --inf oo
prints '|    x |    a |
| ---: | ---: |
|   oo |   36 |
|   oo |    - |'
dfq 0 "scan people.fwf | select 0.0 / 0 as x, if(Age > 50, null, Age) as a" --format jsonl --skip-nulls --nan NaN
prints '{"x": "NaN", "a": 36}
{"x": "NaN"}'
dfq 1 'scan people.fwf' --format json --null -
says 'json has no option null; it has skip_nulls nan inf float_digits'
dfq 0 'scan people.fwf | write people.dir by Age format jsonl | select files, rows' --format csv
prints 'files,rows
2,2'
dfq 0 'scan people.dir/Age=36/part-0.jsonl' --format csv
prints 'Name,City
Ada,London'
dfq 1 'scan people.fwf | write people.dir by Age'
says 'people.dir: is not empty'
dfq 2 'scan people.fwf' --output people.what
says 'what is people.what to hold?'
absent people.what

# Yes and no stay text, and are proposed to be more.
printf 'id,alive\n1,yes\n2,no\n3,no\n' >alive.csv
dfq 0 --schema 'scan alive.csv'
has 'alive  str'
dfq 0 --sniff alive.csv
has "true_words 'yes' false_words 'no'"

# Large output in full, through a pipe.
command='dfq | cat'
"$program" 'scan many.csv' --format csv 2>err | cat >out
if cmp -s out many.csv; then ok; else bad "what came out is not what went in"; fi
: >out

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
