#!/usr/bin/env bash
# cli.sh: the store as the program uses it: which schedule is taken and told, code that is loaded instead of
# compiled, the verb cache, and what is said of a store that cannot be used.
# SPDX-License-Identifier: Apache-2.0
. "$SOURCE_DIR/tests/tools/cli/lib.bash"
unset DCNGEN_CACHE
export DCNGEN_CACHE_DIR=$here/store

cat >k.lua <<'END_SPEC'
return conv2d { name = param("name", "k"), in_channels = 4, out_channels = 4, height = 5, width = 5, kernel_size = 3 }
END_SPEC

full() { # SCHEDULE: with every knob
    "$DCNGEN_BIN" show schedule k.lua --schedule "$1" | sed -n '1s/^k: //p'
}
guess=$("$DCNGEN_BIN" show schedule k.lua | sed -n '1s/^k: //p')
found=$(full "direct oc_block=1")
other=$(full "direct oc_block=2")
same "three schedules" 3 "$(printf '%s\n' "$guess" "$found" "$other" | sort -u | wc -l)"
rev=$(sed -nE 's/^ *\.rev = ([0-9]+).*/\1/p' "$SOURCE_DIR/codegen/direct/lowering.c")
same "the revision of direct" yes "$([ -n "$rev" ] && echo yes)"

# One record of the kernel, as tuning would have left it, made of the line of a pin.
record() { # THREADS SCHEDULE NS WINNER
    local dir=$here/scratch build
    rm -rf "$dir"
    DCNGEN_CACHE_DIR=$dir "$DCNGEN_BIN" cache pin k.lua --threads "$1" --schedule "$2" >/dev/null || exit 1
    build=$(DCNGEN_CACHE_DIR=$dir "$DCNGEN_BIN" cache ls --json | sed -nE 's/ *"build": "([^"]*)",/\1/p')
    DCNGEN_CACHE_DIR=$dir "$DCNGEN_BIN" cache export | sed -E "s/\"dcngen_pin\":1/\"dcngen_record\":1/; \
s/\}$/,\"build\":\"$build\",\"offsets\":\"normal:2\",\"lowering\":\"direct\",\"rev\":$rev,\"why\":\"\",\"ns_median\":$3,\
\"ns_low\":$3,\"ns_high\":$3,\"gain\":1.25,\"peak_gflops\":100,\"flops\":1000,\"when\":1700000000,\"where\":\"a test\",\
\"trial\":0,\"run\":1,\"winner\":$4,\"outcome\":\"ok\",\"samples\":[$3]}/"
}
stages() { # WORD...: what DCNGEN_VERBOSE=time tells of them
    DCNGEN_VERBOSE="time" call "$@"
    printf '%s\n' "$err" | sed -nE 's/^dcngen: time: (.*) [0-9.]+ ms$/\1/p' | paste -sd,
}
compiled="k: write,k: verify,k: optimise,k: generate" loaded="k: load from the store"
decision() { # WORD...: the schedule, where it came from
    works show schedule k.lua "$@"
    printf '%s\n' "$out" | sed -n '1s/^k: //p; 2s/^ *//p' | paste -sd'|'
}

# ---- nothing there: nothing is made
same "a guess" "$guess|guessed: nothing is remembered of it for 1 thread" "$(decision --threads 1)"
same "a guess is compiled" "$compiled" "$(stages verify k.lua --threads 1)"
expect 4 "dcngen: there is no store yet: $here/store/store.db" cache export
for what in ls stat verify prune clear path; do
    works cache $what
done
same "no directory" no "$([ -e store ] && echo yes || echo no)"

# ---- a record is used by its threads, and only where the store may be read
record 1 "$found" 2000 1 >first.jsonl
record 1 "$other" 1000 0 >second.jsonl
prints "1 taken, 0 not better than what is here" cache import first.jsonl
same "one that came alone" "tuned, 1.25 times as fast as the guess; offsets normal:2, 1 thread, 2023-11-14, measured on a test" \
    "$(decision --threads 1 | sed 's/.*|//')"
prints "1 taken, 0 not better than what is here" cache import - <second.jsonl
same "the report of the whole store knows its name" '"name": "k",' "$("$DCNGEN_BIN" report --json | grep -m 1 '"name"' | sed 's/^ *//')"
works report -o report.html
same "as the page does" 1 "$(grep -c '<h2>k</h2>' report.html)"
prints "0 taken, 1 not better than what is here" cache import second.jsonl
tuned="tuned, 1.25 times as fast as the guess, of 2 candidates that came along; offsets normal:2, 1 thread, 2023-11-14, measured on a test"
same "the winner" "$found|$tuned" "$(decision --threads 1)"
unlike="guessed: nothing is remembered of it for 2 threads; it was tuned for 1: --threads 1 takes that"
same "of other threads" "$guess|$unlike" "$(decision --threads 2)"
prints $'out/k.o\nk: '"$unlike"$'\n  '"${guess%% *}" compile k.lua --threads 2 -o out --emit obj
works compile k.lua --threads 1 -o out --emit obj
same "compile tells" "k: $tuned" "$(sed -n 2p <<<"$out")"
same "by the environment" "$found|$tuned" "$(DCNGEN_NUM_THREADS=1 decision)"
same "by option" "$other|as the options say" "$(decision --threads 1 --schedule "$other")"
same "not tuned" "$guess|guessed: DCNGEN_TUNE=off" "$(DCNGEN_TUNE=off decision --threads 1)"
same "no store" "$guess|guessed: DCNGEN_CACHE=off" "$(DCNGEN_CACHE=off decision --threads 1)"
same "another name" "$found" "$(DCNGEN_NUM_THREADS=1 "$DCNGEN_BIN" show schedule k.lua -D name=l | sed -n '1s/^l: //p')"
works show schedule k.lua --threads 1 --json
same "its origin in JSON" '"origin": "tuned", "gain": 1.25' \
    "$(printf '%s' "$out" | grep -oE '"(origin|gain)": [^,]*' | paste -sd, | sed 's/,/, /')"
works bench k.lua --threads 1 --time 0.01 --json
same "bench knows" '"tuned": true' "$(printf '%s' "$out" | grep -o '"tuned": [a-z]*')"
works bench k.lua --threads 2 --time 0.01 --json
same "bench knows not" '"tuned": false' "$(printf '%s' "$out" | grep -o '"tuned": [a-z]*')"
works compile k.lua --threads 1 -o out --emit header,asm
same "what is compiled says it" 1 "$(grep -cF "$found" out/k.h)"

# ---- code: compiled once, then loaded; damage is told and mended
rm -rf store/objects
"$DCNGEN_BIN" cache prune >/dev/null
same "read only: compiled" "$compiled" "$(DCNGEN_CACHE=ro stages verify k.lua --threads 1)"
same "and not stored" no "$([ -e store/objects ] && echo yes || echo no)"
works verify k.lua --threads 1
same "a fresh process compiles nothing" "$loaded" "$(stages verify k.lua --threads 1)"
same "also when it only reads" "$loaded" "$(DCNGEN_CACHE=ro stages verify k.lua --threads 1)"
same "another name is other code" "l: write,l: verify,l: optimise,l: generate" "$(stages verify k.lua --threads 1 -D name=l)"
same "and then loaded" "l: load from the store" "$(stages verify k.lua --threads 1 -D name=l)"
same "of an option nothing is stored" "$compiled" "$(stages verify k.lua --threads 1 --schedule "$found")"
prints "" cache verify
for file in store/objects/*.o; do
    printf 'x' | dd of="$file" bs=1 seek=100 conv=notrunc 2>/dev/null
done
call cache verify
same "damage has exit code 5" "5|dcngen: 2 damages in the store" "$code|$err"
same "and is named" "2" "$(printf '%s\n' "$out" | grep -c "^code of '[kl]', .*: its file is not what was written$")"
call verify k.lua --threads 1
same "it is compiled again" "0|dcngen: note: stored code of 'k' was dropped: its file is not what was written" "$code|$err"
same "and mended" "$loaded" "$(stages verify k.lua --threads 1)"

# ---- pins
works cache pin k.lua --threads 1 --schedule "direct oc_block=2"
same "a pin is told" "k: pinned for 1 thread 1" "$(head -1 <<<"$out") $(grep -cE '^  direct .*oc_block=2' <<<"$out")"
same "a pin" "$other|pinned, 1.25 times as fast as the guess, of 2 candidates that came along; offsets normal:2, 1 thread, 2023-11-14, measured on a test" \
    "$(decision --threads 1)"
works cache pin k.lua --threads 3 --schedule "direct oc_block=1"
same "a pin of what was never tried" "$found|pinned" "$(decision --threads 3)"
works cache ls
same "is listed" 2 "$(printf '%s\n' "$out" | grep -c ': pinned, ')"
works cache export
grep dcngen_pin <<<"$out" | head -1 | sed -E 's/"schedule":"[^"]*"/"schedule":"direct oc_block=99"/' >bad_pin.jsonl
export DCNGEN_CACHE_DIR=$here/elsewhere
prints "0 taken, 0 not better than what is here, 1 pin of schedules that cannot be compiled here left out" \
    cache import bad_pin.jsonl
works cache import bad_pin.jsonl --json
same "in JSON" '"taken": 0, "stale": 0, "older": 0, "illegal": 1' \
    "$(grep -E '"(taken|stale|older|illegal)"' <<<"$out" | sed 's/^ *//' | tr '\n' ' ' | sed 's/ $//')"
export DCNGEN_CACHE_DIR=$here/store
prints "k: no longer pinned for 1 thread" cache unpin k.lua --threads 1
prints "k: nothing was pinned for 1 thread" cache unpin k.lua --threads 1
works cache unpin k.lua --threads 1 --json
same "in JSON" '"kernel": "k", "threads": 1, "was_pinned": false' \
    "$(grep -E '"(kernel|threads|was_pinned)"' <<<"$out" | sed 's/^ *//' | tr '\n' ' ' | sed 's/ $//')"
same "no pin" "$found|$tuned" "$(decision --threads 1)"
works cache ls
winner="winner, 0.002 ms, 1.25 times as fast as the guess, 1 thread, 2 tried, 2023-11-14"
same "the winner is listed" "k, l: $winner" "$(sed -nE 's/^[0-9a-f]{12}  (.* 1 thread,.*)/\1/p' <<<"$out" | sed 's/^l, k/k, l/')"
same "with their schedules" 2 "$(grep -cxF "              $found" <<<"$out")"
same "in lines that fit" "" "$(grep -E '.{101}' <<<"$out")"
expect 2 "dcngen: kernel 'k': unknown lowering \"dirct\" (did you mean \"direct\"?)" cache pin k.lua --schedule dirct

cat >both.lua <<'END_SPEC'
return {
  conv2d { name = "one", in_channels = 4, out_channels = 4, height = 7, width = 5, kernel_size = 3 },
  roi_align { name = "two", channels = 4, height = 7, width = 5, rois = 1, output_size = 2 },
}
END_SPEC
before=$("$DCNGEN_BIN" cache export)
call cache pin both.lua --schedule "direct oc_block=2"
same "all pins or none" "1 yes yes" \
    "$code $(grep -q "^dcngen: kernel 'two': " <<<"$err" && echo yes) $([ "$before" = "$("$DCNGEN_BIN" cache export)" ] && echo yes)"
works cache path
paths=$(sed 's/^[a-z]* *//' <<<"$out")
works cache path --json
same "path and its JSON agree" "$paths" "$(sed -nE 's/^  "(store|code|system)": "(.*)",?$/\2/p' <<<"$out")"

# ---- what goes is told
export DCNGEN_CACHE_DIR=$here/other
# A dozen candidates, one each ten minutes.
when=1700000000
for schedule in direct\ lanes={2,4,8,16}\ oc_block={1,2,4}; do
    when=$((when + 600))
    record 1 "$schedule" 2000 0 | sed "s/\"run\":1,/\"run\":1700000000000,/; s/\"when\":[0-9]*/\"when\":$when/"
done >hours.jsonl
works cache import hours.jsonl
works cache pin k.lua --threads 3 --schedule "direct oc_block=1"
works verify k.lua --threads 1
prints "nothing dropped" cache prune
sleep 1.1
prints "12 records (2.0 hours of tuning), 1 code file dropped" cache prune --max-age 0
works cache import hours.jsonl
works cache clear --json
same "in JSON" '"records": 12, "pins": 1, "objects": 0,' \
    "$(grep -E '"(records|pins|objects)"' <<<"$out" | sed 's/^ *//' | tr '\n' ' ' | sed 's/ $//')"
prints "nothing dropped" cache clear
export DCNGEN_CACHE_DIR=$here/store

# ---- usage
expect 2 "dcngen: cache needs WHAT; 'dcngen help cache' says more" cache
expect 2 "dcngen: cache 'lst' is not one of path, ls, stat, prune, clear, verify, export, import, pin, unpin (did you mean 'ls'?)" cache lst
expect 2 "dcngen: cache ls takes no 'x'" cache ls x
expect 2 "dcngen: cache import needs FILE" cache import
expect 2 "dcngen: cache stat has no option '--max-age'" cache stat --max-age 3
expect 2 "dcngen: cache pin needs --schedule TEXT" cache pin k.lua
expect 2 "dcngen: --max-size '3X' is not a number of bytes, such as 500K, 200M or 1G" cache prune --max-size 3X
expect 2 "dcngen: --max-age '-1' is not a number of days from 0 to 36500" cache prune --max-age=-1
DCNGEN_CACHE=no expect 2 "dcngen: DCNGEN_CACHE = 'no' is not one of off, ro, rw" cache ls

# ---- a system-wide store
chmod -R a+rX store
export DCNGEN_CACHE_DIR=$here/mine DCNGEN_SYSTEM_DIR=$here/store
same "is read after the user's" "$found|$tuned" "$(decision --threads 1)"
same "with its code" "$loaded" "$(stages verify k.lua --threads 1)"
same "and the user's is not made" no "$([ -e mine ] && echo yes || echo no)"
export DCNGEN_CACHE_DIR=$here/store DCNGEN_SYSTEM_DIR=/nonexistent

# ---- what cannot be used
chmod 777 store
call verify k.lua --threads 1
same "others may write it" "0|dcngen: note: the store in $here/store is not used: others may write it (chmod go-w)" "$code|$err"
for what in ls "ls --json" stat "stat --json" "pin k.lua --schedule direct" clear; do
    # shellcheck disable=SC2086
    expect 4 "dcngen: the store in $here/store is not used: others may write it (chmod go-w)" cache $what
done
call cache path
same "nor is its place a secret" "0|store   $here/store/store.db" "$code|$(head -1 <<<"$out")"
call cache export out.jsonl
same "nor is it exported" "4|dcngen: the store in $here/store is not used: others may write it (chmod go-w)|no" \
    "$code|$err|$([ -e out.jsonl ] && echo yes || echo no)"
chmod 700 store
cp -r store good
for text in "" "not a store"; do
    printf '%s' "$text" >store/store.db
    rm -f store/store.db-*
    for words in "verify k.lua" "compile k.lua -o out2" "cache ls" "cache prune" "show schedule k.lua"; do
        # shellcheck disable=SC2086
        expect 5 "dcngen: $here/store/store.db is not a store of dcngen; move it away, or set DCNGEN_CACHE=off" $words
    done
    same "it is left as it is" "$text" "$(cat store/store.db)"
    DCNGEN_CACHE=off works verify k.lua
done
same "nothing was written" no "$([ -e out2 ] && echo yes || echo no)"
rm -rf store && mv good store
DCNGEN_CACHE_DIR='' XDG_STATE_HOME='' XDG_CACHE_HOME='' HOME='' call verify k.lua
same "no home" 0 "$code"
same "is told" 1 "$(printf '%s\n' "$err" | grep -c '^dcngen: note: no place for the store: ')"

# ---- a disk that is full
mkdir full
if mount -t tmpfs -o size=512k,mode=700 tmpfs full 2>/dev/null; then
    trap 'umount "$here/full"; rm -rf "$here"' EXIT
    export DCNGEN_CACHE_DIR=$here/full
    works cache import first.jsonl
    head -c 600000 /dev/zero >full/filler 2>/dev/null
    call verify k.lua --threads 1
    same "full: the work goes on" "0|" "$code|$err"
    same "full: the record is used" "$found|${tuned/, of 2 candidates that came along/}" "$(decision --threads 1)"
    for i in $(seq 300); do
        sed "s/normal:2/normal:$((i + 2))/" first.jsonl
    done >many.jsonl
    call cache import many.jsonl
    same "full: an import fails" 4 "$code"
    rm full/filler
    prints "" cache verify
    same "full: nothing is lost" 1 "$("$DCNGEN_BIN" cache export | wc -l)"
else
    echo "skipped: a full disk (mounting a tmpfs needs root)"
fi
finish
