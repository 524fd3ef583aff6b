#!/usr/bin/env bash
# gradient.sh: gradients through npy files, any of them, and the header of a compiled gradient.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.bash"
cat >net.lua <<'END'
local sum = conv2d { name = "sum", in_channels = 2, height = 1, width = 3, out_channels = 1, kernel_size = 1, bias = true }
return { sum, gradient(sum) }
END
npy x.npy f4 '1,2,1,3,' 1 2 3 10 20 30
npy w.npy f4 '1,2,1,1,' 5 7
npy b.npy f4 '1,' 100
npy g.npy f4 '1,1,1,3,' 1 0 2
grad=(run net.lua --kernel sum_grad --input input=x.npy --input weight=w.npy --input grad_output=g.npy)

# ---- numbers
prints '' "${grad[@]}" --output grad_input=dx.npy --output grad_weight=dw.npy --output grad_bias=db.npy
same "weights times g" "f4 (1, 2, 1, 3): 5 0 10 7 0 14" "$(show_npy dx.npy)"
same "sums of input times g" "f4 (1, 2, 1, 1): 7 70" "$(show_npy dw.npy)"
same "sum of g" "f4 (1,): 3" "$(show_npy db.npy)"
for one in input weight bias; do
    prints '' "${grad[@]}" --output grad_$one=one.npy
    case $one in input) all=dx.npy ;; weight) all=dw.npy ;; *) all=db.npy ;; esac
    same "grad_$one alone" "" "$(cmp one.npy $all)"
done
prints '' "${grad[@]}" --input bias=b.npy --output grad_bias=one.npy # not needed, so not read
expect 2 "dcngen: kernel 'sum_grad': --output NAME=FILE is missing: one or more of grad_input, grad_weight, grad_bias" \
    "${grad[@]}"
expect 2 "dcngen: kernel 'sum_grad': --input NAME=FILE is missing for grad_output [1,1,1,3]" \
    run net.lua --kernel sum_grad --input input=x.npy --input weight=w.npy --output grad_bias=one.npy

# ---- the header says what may be NULL and what is added to
works compile net.lua -o out --kernel sum_grad
cat >use.c <<'END'
#include "sum_grad.h"
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    const float x[] = { 1, 2, 3, 10, 20, 30 }, w[] = { 5, 7 }, g[] = { 1, 0, 2 };
    float dw[] = { 1000, 2000 };
    void *packed = aligned_alloc(64, 4096), *workspace = aligned_alloc(64, 1 << 20);
    if (!packed || !workspace || sum_grad_packed_bytes(1) > 4096 ||
        sum_grad_workspace_bytes(1, 1, 3, 0, 1) > 1 << 20)
        return 1;
    sum_grad_pack(1, w, packed);
    const sum_grad_args args = { .input = x, .weight = packed, .grad_output = g, .grad_weight = dw,
                                 .accumulate = 1 << 4 };
    sum_grad(&args, workspace);
    printf("%g %g\n", dw[0], dw[1]);
    free(packed);
    free(workspace);
    return 0;
}
END
${CC:-cc} -std=c11 -Wall -Wextra -Werror -Iout use.c out/sum_grad.o -o use
same "added to, and the others not touched" "1007 2070" "$(./use)"
finish
