#!/usr/bin/env bash
# network.sh: tuning a network is tuning its layers, as the kernels that they are.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/../cli/lib.bash"
export DCNGEN_CACHE=rw DCNGEN_CACHE_DIR=$here/store
cat >net.lua <<'EOF'
local x = input { name = "image", channels = 4, height = 8, width = 8 }
local a = conv2d { x, name = "one", out_channels = 4, kernel_size = 3, padding = 1 }
local b = conv2d { a, name = "two", out_channels = 4, kernel_size = 3, padding = 1 }
local c = conv2d { b, name = "three", out_channels = 8, kernel_size = 3, padding = 1 }
return network { name = "net", outputs = { y = c } }
EOF
cat >layer.lua <<'EOF'
return conv2d { name = "layer", in_channels = 4, height = 8, width = 8, out_channels = 8, kernel_size = 3, padding = 1,
                layout = "nhwc" }
EOF
origins() {
    works show network net.lua --threads 1
    awk 'NR > 2 && NR < 6 { print $1, $NF }' <<<"$out" | sed 's/ [0-9.]*x$/ gain/' | xargs
}

same "nothing is known" "one guess two guess three guess" "$(origins)"
call tune net.lua --threads 1 --trials 4
same "tune" 0 "$code"
same "two kernels were tuned, and the whole was measured" "net one net three net:" \
    "$(grep -oE '^net (one|three):|^net:' .err .out | sed 's/^[^:]*://; s/\([a-z]\):$/\1/; s/^net$/net:/' | sort | xargs)"
same "the whole is not called a guess" "" "$(grep 'the guess, which' .out)"
same "all three are known" "one gain two gain three gain" "$(origins)"
works show schedule net.lua --threads 1
same "by tuning" yes "$(sed -n 2p <<<"$out" | grep -q '^  tuned' && echo yes)"
works show schedule layer.lua --threads 1
same "and so is a kernel that is such a layer" yes "$(sed -n 2p <<<"$out" | grep -q '^  tuned' && echo yes)"

# ---- once more
call tune net.lua --threads 1 --trials 4
same "tune again" 0 "$code"
# What is tried beside the guess follows from the times of what was tried before it, so that some of it may be new.
same "what was tried is remembered" 2 "$(grep -c ' remembered: ' .err)"

# ---- so large that it is verified layer by layer: 3 x 1.2e9 operations, where tuner/check/network.c says LARGE = 2e9
sed -e 's/channels = [48]/channels = 64/; s/= 8/= 128/g' net.lua >large.lua
call tune large.lua --threads 1 --trials 1 --time 1
same "a large one" "0 or out of time" "$([ "$code" = 0 ] || [ "$code" = 124 ] && echo "0 or out of time" || cat .err)"
same "was measured as a whole" 1 "$(grep -c '^net: .* on 1 thread' .out)"

# ---- from machine to machine
works cache export all.jsonl
same "exports leave the network out" "" "$(grep '"spec":"return network' all.jsonl)"
DCNGEN_CACHE_DIR=$here/other works cache import all.jsonl
DCNGEN_CACHE_DIR=$here/other works show network net.lua --threads 1
same "its layers are known there" 3 "$(grep -c 'tuned' <<<"$out")"
works cache verify

# ---- the user's own choice for a layer, which no tuning made and no guess is
DCNGEN_CACHE_DIR=$here/pins works cache pin net.lua --threads 1 --schedule "three={direct oc_block=1}"
DCNGEN_CACHE_DIR=$here/pins works show network net.lua --threads 1
same "pinned" "direct, pinned" "$(awk '$1 == "three" { print $(NF - 1), $NF }' <<<"$out")"
DCNGEN_CACHE_DIR=$here/pins works cache unpin net.lua --threads 1
works report -o page.html net.lua --threads 1
finish
