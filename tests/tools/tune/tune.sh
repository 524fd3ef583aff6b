#!/usr/bin/env bash
# tune.sh: dcngen tune as a user runs it: what it prints, how it ends, what it remembers after being killed.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/../../tools/cli/lib.bash"
export DCNGEN_CACHE_DIR=$here/store DCNGEN_SYSTEM_DIR=$here/none
unset DCNGEN_CACHE DCNGEN_TUNE

cat >k.lua <<'SPEC'
return deform_conv2d {
  name = param("name", "k"), in_channels = 16, out_channels = 16, height = 12, width = param("w", 14),
  kernel_size = 3, padding = 1, modulation = "mask",
}
SPEC

field() { # NAME: of the last line of $out
    python3 -c 'import json, sys; print(json.loads(sys.argv[1].splitlines()[-1])[sys.argv[2]])' "$out" "$1"
}
tune() { # WORD...
    works tune --threads 1 --json "$@" k.lua
}
events() { # FILE: candidates told so far
    grep -c '"event":"candidate"' "$1" 2>/dev/null || true
}
until_told() { # COUNT FILE PID
    while [ "$(events "$2")" -lt "$1" ] && kill -0 "$3" 2>/dev/null; do
        sleep 0.02
    done
}

# ---- an estimate measures nothing ----------------------------------------------------------

tune --effort estimate
same "estimates" 16 "$(field "done")"
same "of an estimate nothing is confirmed" False "$(field confirmed)"
same "every event is one line of JSON" "17 objects" \
    "$(python3 -c 'import json, sys; n = [json.loads(l) for l in sys.stdin]; print(len(n), "objects")' <<<"$out")"

# ---- a run, and the same again -------------------------------------------------------------

tune --trials 4
same "candidates" 4 "$(field "done")"
same "the winner is confirmed" True "$(field confirmed)"
same "nothing was known" 0 "$(field remembered)"
winner=$(field schedule)
tune --trials 4
same "a run that has all it needs is told by the store" "4 $winner" "$(field remembered) $(field schedule)"
same "an interval that this run did not measure" "None None" "$(field gain_low) $(field ns_low)"
call tune --threads 1 --trials 4 k.lua
same "a result fits a line" "" "$(printf '%s\n' "$out" "$err" | grep -E '.{101}')"
same "its name comes first" "k: " "${out:0:3}"
call tune --threads 1 --trials 4 -v k.lua
same "text is no failure" 0 "$code"
same "no statistics without a measurement" "" "$(grep "95 %" <<<"$out")"
same "text names the schedule" yes "$(grep -qF "$winner" <<<"$out" && echo yes)"

# ---- other sizes, threads and offsets are other problems ----------------------------------

tune --trials 2 -D w=20
same "another width" 0 "$(field remembered)"
call tune --threads 2 --offsets zero --json --trials 2 k.lua
same "other threads and offsets" "0 0" "$code $(field remembered)"

# ---- signals ---------------------------------------------------------------------------------

# `events` is emptied before the program begins: what an earlier one told must not count for it.
interrupt() { # SIGNAL CODE SEED
    : >events
    perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' "$DCNGEN_BIN" tune --threads 1 --json --seed "$3" --effort exhaustive k.lua \
        >events 2>errors & # from a script, which ignores SIGINT of what it runs so
    until_told 3 events $!
    kill "-$1" $!
    wait $!
    same "exit code after SIG$1" "$2" $?
    same "no interval that was not measured" '"confirmed":false "gain_low":null "ns_high":null "ns_low":null' \
        "$(tail -1 events | grep -oE '"(confirmed|gain_low|ns_high|ns_low)":[^,]*' | sort | tr '\n' ' ' | sed 's/ $//')"
    same "how to go on after SIG$1" "dcngen: note: tuning 'k' was stopped; what was found is saved and used, \
and the same command goes on from there" "$(cat errors)"
    local told
    told=$(events events)
    tune --seed "$3" --trials 3
    same "what was tried before SIG$1 is kept" 3 "$(field remembered)"
    same "enough was told" yes "$([ "$told" -ge 3 ] && echo yes)"
}
interrupt INT 130 11
interrupt TERM 143 12

# ---- kill -9, again and again: at most the candidate in hand is lost -----------------------

told=0
for round in 1 2 3; do
    : >events
    "$DCNGEN_BIN" tune --threads 1 --json --seed 7 --trials 40 k.lua >events 2>/dev/null &
    until_told $((round * 2)) events $!
    { kill -9 $! && wait $!; } 2>/dev/null
    told=$(events events)
done
tune --seed 7 --trials 9
same "candidates after kill -9" 9 "$(field "done")"
same "remembered after kill -9" yes "$([ "$(field remembered)" -ge $((told < 9 ? told : 9)) ] && echo yes)"
same "confirmed after kill -9" True "$(field confirmed)"
sleep 0.3
same "no process is left behind" "" "$(pgrep -f "tune --threads 1 --json --seed 7 --trials 40" || true)"

# ---- two at once -----------------------------------------------------------------------------

"$DCNGEN_BIN" tune --threads 1 --seed 21 --trials 4 k.lua >one 2>&1 &
first=$!
"$DCNGEN_BIN" tune --threads 1 --seed 22 --trials 4 k.lua >two 2>&1 &
wait $first
same "the first of two tuners" 0 $?
wait $!
same "the second of two tuners" 0 $?
for seed in 21 22; do
    tune --seed $seed --trials 4
    same "both are remembered" 4 "$(field remembered)"
done

# ---- time ------------------------------------------------------------------------------------

call tune --threads 1 --json --effort exhaustive --seed 31 --time 0.2 k.lua
same "a limit of time" "124 out of time True" "$code $(field end) $(field confirmed)"

# ---- DCNGEN_TUNE=on ----------------------------------------------------------------------------

DCNGEN_TUNE=on call show schedule --threads 1 -D w=9 k.lua
same "and told" "0 dcngen: note: DCNGEN_TUNE=on: tuning 'k' for 1 thread first, for 10 s at most" "$code $err"
same "what is not known is tuned first" yes "$(grep -q "^  tuned, " <<<"$out" && echo yes)"
works show schedule --threads 1 -D w=9 k.lua
same "and known from then on" yes "$(grep -q tuned <<<"$out" && echo yes)"
works show schedule --threads 1 -D w=10 k.lua
same "otherwise it is guessed" yes "$(grep -q guessed <<<"$out" && echo yes)"

DCNGEN_TUNE=on "$DCNGEN_BIN" verify --threads 1 -D w=40 k.lua >stopped.out 2>stopped.err &
until [ -s stopped.err ]; do sleep 0.05; done
kill -TERM $!
code=0
wait $! || code=$?
same "a signal ends it, and nothing more is done" "143 dcngen: kernel 'k': its tuning was stopped; what was found is saved and used, \
and \`dcngen tune\` goes on from there" "$code $(tail -1 stopped.err)$(cat stopped.out)"

# ---- wrong words -----------------------------------------------------------------------------

expect 2 "dcngen: --effort 'much' is not estimate, measure, patient or exhaustive" tune --effort much k.lua
expect 2 "dcngen: --trials '0' is not a number of candidates, at least 1" tune --trials 0 k.lua
expect 2 "dcngen: --offsets 'far' is not zero, normal:S or S with 0 <= S <= 1e6, or FILE.npy" \
    tune --offsets far k.lua
call tune --threads 1 --offsets none.npy k.lua
same "a file that is not there" "2 yes" "$code $(grep -q none.npy <<<"$err" && echo yes)"
call tune --threads 1 --target neoverse-v1 k.lua
same "a machine that is not this one" "4 yes" "$code $(grep -q 'does not run' <<<"$err" && echo yes)"

# ---- a layer: its stages, then the whole ---------------------------------------------------

cat >layer.lua <<'SPEC'
return deform_conv2d_pack {
  name = "layer", in_channels = 8, out_channels = 16, height = 9, width = 10, kernel_size = 3, padding = 1,
}
SPEC

told() { # EXPRESSION over the list e of events
    python3 -c 'import json, sys; e = [json.loads(l) for l in sys.stdin]; print(eval(sys.argv[1]))' "$1" <<<"$out"
}
works tune --threads 1 --json --trials 6 layer.lua
same "both stages are tuned" "['deform', 'offset']" \
    "$(told 'sorted(x["stage"] for x in e if x["event"] == "stage")')"
same "candidates say of which stage" True \
    "$(told 'all(x["stage"] for x in e if x["event"] == "candidate" and not x["confirming"])')"
same "the layer is confirmed" True "$(field confirmed)"
winner=$(field schedule)
works tune --threads 1 --json --trials 6 layer.lua
same "all is remembered" "True $winner" \
    "$(told 'e[-1]["remembered"] == e[-1]["done"] and not any(x.get("confirming") and not x["stage"] for x in e[:-1])') $(field schedule)"
call tune --threads 1 --trials 6 layer.lua
same "its log says so" "0 2" "$code $(grep -c "all remembered" <<<"$err")"
works show schedule --threads 1 --json layer.lua
same "the layer's schedule is the one found, and its stages are known" "$winner tuned ['tuned', 'tuned']" \
    "$(python3 -c 'import json, sys; k = json.load(sys.stdin)["kernels"][0]; print(k["schedule"], k["origin"], [s["origin"] for s in k["stages"]])' <<<"$out")"
works report --threads 1 --json layer.lua
same "the report has the layer and its stages" "['layer', 'layer, deform', 'layer, offset']" \
    "$(python3 -c 'import json, sys; print([k["name"] for k in json.load(sys.stdin)["kernels"]])' <<<"$out")"
other=direct # than what was found
case $winner in *"offset={direct"*) other=tiled ;; esac
works cache pin --threads 1 --schedule "offset=$other" layer.lua
works show schedule --threads 1 layer.lua
same "a pin of one stage keeps the rest" 1 "$(grep -c "^  offset, pinned: $other" <<<"$out")"
finish
