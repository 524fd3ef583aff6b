#!/usr/bin/env bash
# worker.sh: `sweep worker`, `status`, `collect`: skipped, killed, resumed, foreign, estimated, merged.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
tiny

# A name of an architecture that this machine is not.
case $(uname -m) in
x86_64) foreign=neoverse-n1 ;;
*) foreign=haswell ;;
esac
works sweep plan --target "native,$foreign" --threads 1 --offsets zero,normal:2 --trials 2 -o plan.jsonl tiny.lua
same "items" "6 items" "$out"

# ---- one line and the right code
expect 2 "dcngen: sweep worker needs one --db FILE" sweep worker --plan plan.jsonl
expect 2 "dcngen: sweep worker needs --plan FILE" sweep worker --db a.db
expect 2 "dcngen: cannot read no.jsonl: No such file or directory" sweep worker --plan no.jsonl --db a.db
for bad in 0/2 3/2 1 1/0 x/2 -1/2 1/2/3; do
    expect 2 "dcngen: --shard '$bad' is not I/N with 1 <= I <= N" sweep worker --plan plan.jsonl --db a.db --shard "$bad"
done
expect 2 "dcngen: plan.jsonl has no item 'x'" sweep worker --plan plan.jsonl --db a.db --item x
expect 2 "dcngen: share 9 of 9 of plan.jsonl is empty" sweep worker --plan plan.jsonl --db a.db --shard 9/9
expect 2 "dcngen: nothing in plan.jsonl is for znver9, or not in this share" \
    sweep worker --plan plan.jsonl --db a.db --target znver9
sed '2s/"threads":1/"threads":2/' plan.jsonl >edited.jsonl
call sweep worker --plan edited.jsonl --db a.db
same "an edited plan" "2|edited.jsonl:2: the item was changed: its id|" "$code|${err%% would be*}|$out"
call sweep worker --plan tiny.lua --db a.db
same "no plan" "2|tiny.lua:1: not JSON: |" "$code|${err:0:22}|$out"
echo "not a database, but long enough for one to be looked at in earnest" >bad.db
expect 5 "dcngen: bad.db is not a store of dcngen; name another file" sweep worker --plan plan.jsonl --db bad.db
expect 5 "dcngen: bad.db is not a store of dcngen; name another file" sweep status --plan plan.jsonl bad.db
expect 4 "dcngen: there is no database no.db" sweep status --plan plan.jsonl no.db
expect 2 "dcngen: sweep status needs a database" sweep status --plan plan.jsonl
same "nothing was written" no "$([ -e a.db ] && echo yes || echo no)"

# ---- killed again and again, each time a little later; then to its end
for wait in 0.2 0.5 0.9; do
    "$DCNGEN_BIN" sweep worker --plan plan.jsonl --db a.db >>killed.log 2>&1 &
    worker=$!
    sleep "$wait"
    kill -9 "$worker"
    wait "$worker" 2>/dev/null
done
works sweep worker --plan plan.jsonl --db a.db
same "foreign items are told" 3 "$(grep -c ': foreign: code for aarch64\|: foreign: code for x86_64' <<<"$out")"
works sweep worker --plan plan.jsonl --db a.db
same "what is done is skipped" 3 "$(grep -c ': done before' <<<"$out")"

# ---- stopped: its results are saved
works sweep plan --trials 1000 --seed 1 -o long.jsonl tiny.lua --kernel a
"$DCNGEN_BIN" sweep worker --plan long.jsonl --db long.db >stopped.log 2>&1 &
worker=$!
sleep 1.5
kill -TERM "$worker"
wait "$worker"
same "stopped by SIGTERM" 143 $?
same "and says so" 1 "$(grep -c ': stopped$' stopped.log)"
call sweep status --plan long.jsonl long.db
same "it is to be gone on with" "1|1" "$code|$(count native missing)"

# ---- what there is
call sweep status --plan plan.jsonl --db a.db
same "status says that some are left" "1|3|3" "$code|$(count native "done")|$(count "$foreign" foreign)"
works sweep worker --plan plan.jsonl --db b.db --estimate --target "$foreign"
call sweep status --plan plan.jsonl a.db b.db
same "all of it" "0||3|3" "$code|$err|$(count all "done")|$(count all estimated)"
call sweep worker --plan plan.jsonl --db c.db --item "$(ids "$foreign" | head -1)"
same "a worker that can run nothing" "4|dcngen: this machine can run none of the 1 item" "$code|$err"
works sweep status --json --plan plan.jsonl a.db b.db
same "as JSON" "true 6" "$(perl -MJSON::PP -e 'local $/; my $o = decode_json(<STDIN>);
    print $o->{complete} ? "true" : "false", " ", scalar @{$o->{items}}' <<<"$out")"

# ---- shares are all of it, each item in one of them
for i in 1 2; do
    call sweep worker --plan plan.jsonl --db "s$i.db" --shard "$i/2" --estimate --jobs auto
    same "share $i" 0 "$code"
done
call sweep status --plan plan.jsonl s1.db
same "half of it" 3 "$(count all missing)"
works sweep status --plan plan.jsonl s1.db s2.db

# ---- collected: into a database, a store, lines
expect 2 "dcngen: sweep collect needs -o FILE, --import or --export FILE" sweep collect --plan plan.jsonl a.db
expect 2 "dcngen: -o a.db is one of the databases to read" sweep collect --plan plan.jsonl -o a.db a.db
export DCNGEN_CACHE=rw DCNGEN_CACHE_DIR=$here/store DCNGEN_TUNE=cached
call sweep collect --plan plan.jsonl -o merged.db --import --export lines.jsonl a.db b.db
same "collect" "0|3" "$code|$(count all estimated)"
works sweep status --plan plan.jsonl merged.db
works show schedule --kernel a --threads 1 tiny.lua
same "what was measured is used" yes "$(grep -q 'tuned' <<<"$out" && echo yes)"
export DCNGEN_NUM_THREADS=1
works show schedule --kernel a --target "$foreign" tiny.lua
unset DCNGEN_NUM_THREADS
same "and what was estimated says so" yes "$(grep -q 'estimated by a sweep, not measured' <<<"$out" && echo yes)"
works compile --kernel a --threads 1 --target "$foreign" -o out tiny.lua
export DCNGEN_CACHE_DIR=$here/other
works cache import lines.jsonl
works cache ls
same "lines carry it elsewhere" 4 "$(grep -c ' tried, ' <<<"$out")"
mkdir -p system && cp merged.db system/store.db
export DCNGEN_CACHE_DIR=$here/empty DCNGEN_SYSTEM_DIR=$here/system
works show schedule --kernel a --threads 1 tiny.lua
same "a merged database is a system-wide store" yes "$(grep -q 'tuned' <<<"$out" && echo yes)"
works sweep plan --seed 7 -o none.jsonl tiny.lua
call sweep collect --plan none.jsonl -o none.db a.db
same "nothing is nothing" "1|dcngen: nothing of the plan was measured or estimated yet by this build of dcngen|no" \
    "$code|$err|$([ -e none.db ] && echo yes || echo no)"

# ---- two workers of one machine: while one core is held, nobody tunes on it
export DCNGEN_CACHE=off
core=$(taskset -cp $$ | sed -E 's/.*: ([0-9]+).*/\1/')
first=$(sed -E 's/[^0-9].*//' "/sys/devices/system/cpu/cpu$core/topology/thread_siblings_list" 2>/dev/null || echo "$core")
perl -MSocket -e 'socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die; bind($s, pack("Sa*", AF_UNIX, "\0dcngen/core/$ARGV[0]"))
    or die "held\n"; print "x\n"; $| = 1; close STDOUT; sleep 600' "$first" >held.txt &
holder=$!
for _ in $(seq 50); do [ -s held.txt ] || sleep 0.1; done
same "the core is held" x "$(cat held.txt)"
taskset -c "$core" "$DCNGEN_BIN" sweep worker --plan plan.jsonl --db w1.db --target native >w1.log 2>&1 &
one=$!
taskset -c "$core" "$DCNGEN_BIN" sweep worker --plan plan.jsonl --db w2.db --target native >w2.log 2>&1 &
two=$!
waiting() { cat w1.log w2.log | grep -c 'waiting for cores'; }
for _ in $(seq 300); do [ "$(waiting)" -eq 2 ] || sleep 0.1; done
same "both wait" 2 "$(waiting)"
sleep 0.5
same "nothing is tuned meanwhile" 0 "$(cat w1.log w2.log | grep -c ': done')"
kill "$holder"
wait "$holder" 2>/dev/null
wait "$one" && wait "$two"
same "both come to their end" "0 6" "$? $(cat w1.log w2.log | grep -c ': done')"

# ---- a layer brings the records of its stages with its own
cat >layer.lua <<'LUA'
return deform_conv2d_pack { in_channels = 8, out_channels = 8, height = 6, width = 6, kernel_size = 3, padding = 1 }
LUA
works sweep plan --target native --threads 1 --trials 4 -o layer.jsonl layer.lua
call sweep worker --plan layer.jsonl --db layer.db
same "the layer is tuned" 0 "$code"
call sweep collect --plan layer.jsonl --export layer.out layer.db
same "a layer's records and its stages'" "0 conv2d deform_conv2d deform_conv2d_pack" \
    "$code $(grep -oE 'return [a-z0-9_]+' layer.out | cut -d' ' -f2 | sort -u | xargs)"
finish
