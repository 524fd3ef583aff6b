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

# ---- a store that others may write is not used, and that is said
chmod go+w "$dir/prefix/share/dcngen"
has "who may write" "warning  tuned records" "$("$dcngen" doctor)"
echo "$checks checks"
