#!/usr/bin/env bash
# clash.sh: kernels of one command whose objects or headers would define one name twice are refused.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
pair() { # NAME NAME: pair.lua
    printf 'return {\n'
    printf '  conv2d { name = "%s", in_channels = 1, height = 3, width = 3, out_channels = 1, kernel_size = 1 },\n' "$@"
    printf '}\n'
}
refused() { # FIRST SECOND WHAT WORD...
    pair "$1" "$2" >pair.lua
    expect 3 "pair.lua:3: 'name' = \"$2\" clashes with kernel '$1': both would define $3" \
        compile pair.lua -o never "${@:4}"
}
fits() { # FIRST SECOND WORD...
    pair "$1" "$2" >pair.lua
    works compile pair.lua -o out "${@:3}"
}

for suffix in run tasks pack packed_bytes workspace_bytes args parallel; do
    refused a "a_$suffix" "a_$suffix"
done
refused a_run a a_run
refused a A A_H
refused x X_H X_H
refused x X_INPUT_SHAPE X_INPUT_SHAPE
fits a a_variant
refused a a_variant a_variant --target haswell,znver3
refused a a_choose_variant a_choose_variant --target haswell,znver3
fits a ab
fits a_run_ run
same "nothing was written" "" "$(ls never 2>/dev/null)"
pair a a_run >pair.lua
works compile pair.lua -o out --kernel a_run
works verify pair.lua

# ---- an operand's name in the kernel's
cat >pack.lua <<'END'
return {
  deform_conv2d_pack { name = "a", in_channels = 4, height = 5, width = 5, out_channels = 4, kernel_size = 3 },
  conv2d { in_channels = 1, height = 3, width = 3, out_channels = 1, kernel_size = 1,
           name = "a_offset" },
}
END
expect 3 "pack.lua:4: 'name' = \"a_offset\" clashes with kernel 'a': both would define A_OFFSET_WEIGHT" \
    compile pack.lua -o never

# ---- the list has all that a header defines: what begins with the name is refused as a second kernel
cat >one.lua <<'END'
return deform_conv2d { name = "zz", in_channels = 4, height = 5, width = 5, out_channels = 4, kernel_size = 3,
                       modulation = "mask", bias = true }
END
works compile one.lua -o all --target haswell,znver3
sed 's|/\*.*\*/||' all/zz.h | grep -oE '\<(zz|ZZ)(_[A-Za-z0-9_]+)?\>' | sort -u >names
same "a header defines many names" 1 $(($(wc -l <names) > 20))
while read -r name; do
    [ "$name" != zz ] || continue
    sed "s/^return/local a =/; \$a return { a, conv2d { name = \"$name\", in_channels = 1, height = 3, width = 3, out_channels = 1, kernel_size = 1 } }" \
        one.lua >both.lua
    call compile both.lua -o never --target haswell,znver3
    same "a second kernel called $name" "3|clashes" "$code|$(grep -o clashes <<<"$err")"
done <names
finish
