#!/usr/bin/env bash
# tuned.sh: records that are installed for all users: how the store of them is made, and that it is used and told.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
[ -z "${SANITIZED:-}" ] || { echo "a sanitized program is not for others to install" && exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
unset DCNGEN_SYSTEM_DIR DCNGEN_CACHE DCNGEN_TUNE
export HOME=$dir/home XDG_STATE_HOME=$dir/home/state XDG_CACHE_HOME=$dir/home/cache
umask 022
checks=0

fail() {
    echo "tuned.sh: $*"
    exit 1
}
has() { # WHAT PART TEXT
    checks=$((checks + 1))
    [[ $3 == *"$2"* ]] || fail "$1: no '$2' in: $3"
}
make_store() { # FILES, with semicolons between
    "$CMAKE" -DPROGRAM="$dir/prefix/bin/dcngen" -DRECORDS="$1" -DOUTPUT="$dir/tuned" \
        -P "$SOURCE_DIR/cmake/TunedStore.cmake" >"$dir/log" 2>&1
}

"$CMAKE" --install "$BUILD_DIR" --prefix "$dir/prefix" >"$dir/log"
dcngen=$dir/prefix/bin/dcngen
rm -f "$dir/prefix/share/dcngen/store.db" # of a build that was given records
cat >"$dir/k.lua" <<'END'
return {
  conv2d { name = "one", in_channels = 8, height = 6, width = 6, out_channels = 8, kernel_size = 3 },
  conv2d { name = "two", in_channels = 8, height = 5, width = 5, out_channels = 8, kernel_size = 1 },
}
END
has "nothing is installed yet" "tuned records    none are installed for all users in $dir/prefix/share/dcngen" "$("$dcngen" doctor)"

# ---- tuned by somebody, exported, made into a store, installed
for kernel in one two; do
    DCNGEN_CACHE_DIR=$dir/measured "$dcngen" tune "$dir/k.lua" --kernel $kernel --threads 1 --trials 3 >"$dir/log" 2>&1 ||
        fail "not tuned: $(cat "$dir/log")"
    DCNGEN_CACHE_DIR=$dir/measured "$dcngen" cache export "$dir/$kernel.jsonl" >/dev/null
done
make_store "$dir/one.jsonl;$dir/two.jsonl" || fail "$(cat "$dir/log")"
has "what is taken is said" "one.jsonl: " "$(cat "$dir/log")"
has "nobody is known by it" "" "$(! ls "$dir/tuned/objects" 2>/dev/null)"
install -D -m 644 "$dir/tuned/store.db" "$dir/prefix/share/dcngen/store.db"

# ---- used by everybody who knows no better
has "it is told" "tuned records    $dir/prefix/share/dcngen: 2 tuned kernels, 2 of them for this machine" "$("$dcngen" doctor)"
has "where there are none for it, too" "2 tuned kernels, 0 of them for this machine; \`dcngen tune\` makes your own" \
    "$(DCNGEN_MAX_ISA=sse2 "$dcngen" doctor)"
for kernel in one two; do
    said=$("$dcngen" show schedule "$dir/k.lua" --kernel $kernel --threads 1 --json)
    has "$kernel is tuned" '"origin": "tuned"' "$said"
done
has "not for other threads" '"origin": "guess"' "$("$dcngen" show schedule "$dir/k.lua" --kernel one --threads 2 --json)"
has "compile takes it" "tuned" "$("$dcngen" compile "$dir/k.lua" -o "$dir/out" --kernel one --threads 1)"
[ "$(ls "$dir/prefix/share/dcngen")" = $'canonical.lua\nstore.db' ] || fail "reading left $(ls "$dir/prefix/share/dcngen")"
[ ! -e "$dir/home/state" ] || fail "reading made a store of the user's"
DCNGEN_CACHE_DIR=$dir/own "$dcngen" cache pin "$dir/k.lua" --kernel one --threads 1 --schedule direct >/dev/null
has "the user's own comes first" '"origin": "pin' \
    "$(DCNGEN_CACHE_DIR=$dir/own "$dcngen" show schedule "$dir/k.lua" --kernel one --threads 1 --json)"
has "and can be left out" '"origin": "guess"' "$(DCNGEN_TUNE=off "$dcngen" show schedule "$dir/k.lua" --kernel one --threads 1 --json)"

# ---- records that would not be used are not installed
sed 's/"build":"/&of another build, /' "$dir/one.jsonl" >"$dir/stale.jsonl"
! make_store "$dir/stale.jsonl" || fail "a store of nothing was made"
has "none is left" "TunedStore.cmake: " "$(cat "$dir/log")"
echo text >"$dir/text.jsonl"
! make_store "$dir/text.jsonl" || fail "text was taken for records"
has "a file that is none" "text.jsonl" "$(cat "$dir/log")"
[ -s "$dir/tuned/store.db" ] || fail "a failure took the store away"

# ---- those that come with the sources grow old, and stop no build
shipped() { # FILES
    "$CMAKE" -DSHIPPED=ON -DPROGRAM="$dir/prefix/bin/dcngen" -DRECORDS="$1" -DOUTPUT="$dir/shipped" \
        -P "$SOURCE_DIR/cmake/TunedStore.cmake" >"$dir/log" 2>&1 || fail "$1: $(cat "$dir/log")"
}
shipped "$dir/one.jsonl;$dir/stale.jsonl;$dir/text.jsonl"
has "what is stale is a warning" "records are of another build" "$(tr -s ' \n' ' ' <"$dir/log")"
has "so is what is none" "text.jsonl" "$(cat "$dir/log")"
has "and how to make them anew" "scripts/tuned.sh" "$(cat "$dir/log")"
[ -s "$dir/shipped/store.db" ] || fail "the good records were not taken"
shipped "$dir/stale.jsonl"
has "nothing is left" "no record of this version" "$(tr -s ' \n' ' ' <"$dir/log")"
[ ! -e "$dir/shipped/store.db" ] || fail "an old store was left"

# ---- the command that makes them
tuned() { # OPTION...
    "$SOURCE_DIR/scripts/tuned.sh" --build "$dir/prefix/bin" --kernel birefnet_32_k1_v2 --threads 1 --trials 2 "$@" \
        "$dir/made.jsonl" >"$dir/log" 2>&1 || fail "scripts/tuned.sh $*: $(cat "$dir/log")"
}
tuned --layout nhwc
has "a kernel is measured" "nhwc, threads 1: 1 to measure" "$(cat "$dir/log")"
[ "$(grep -c '"where":"[^"]*,' "$dir/made.jsonl")" -eq 0 ] || fail "it says what this host is called"
tuned --layout nhwc,nchw
has "what is there is kept" "nhwc, threads 1: 0 to measure" "$(cat "$dir/log")"
has "what is missing is measured" "nchw, threads 1: 1 to measure" "$(cat "$dir/log")"
[ "$(wc -l <"$dir/made.jsonl")" -eq 2 ] || fail "not two records: $(cut -c1-80 "$dir/made.jsonl")"
rm -r "$dir/prefix/bin/tuned-work"
sed -i '1s/"rev":/&9/' "$dir/made.jsonl"
tuned --layout nhwc,nchw
has "what is stale is measured" ": 1 to measure" "$(cat "$dir/log")"
has "and nothing else" ": 0 to measure" "$(cat "$dir/log")"
[ "$(grep -c '"rev":9' "$dir/made.jsonl")" -eq 0 ] || fail "a stale record stayed"
shipped "$dir/made.jsonl"
has "it can be shipped" "made.jsonl: 2 records" "$(cat "$dir/log")"

# ---- a store that others may write is not used, and that is said
chmod go+w "$dir/prefix/share/dcngen"
has "who may write" "warning  tuned records" "$("$dcngen" doctor)"
echo "$checks checks"
