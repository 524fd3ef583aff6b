#!/usr/bin/env bash
# valgrind.sh: the program, from option to machine code, without a memory error or a leak.
#
# Code is generated under valgrind by `compile` and by the first `verify`, for all kinds of file and with the store
# written; what comes after them takes that code out of the store, for generating it takes most of the time.  Of a
# network also the code that is made: its object, and that of its gradients, in a C program whose blocks of memory end
# where the operands do.
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/../tools/cli/lib.bash"
if ! command -v valgrind >/dev/null || [ -n "${SANITIZED:-}" ]; then
    echo "valgrind is not installed, or the build has sanitizers"
    exit 77
fi
cat >good.lua <<'END'
return {
  conv2d { name = "plain", in_channels = 5, out_channels = 3, height = 6, width = 7,
           kernel_size = 3, padding = 1, bias = true },
  deform_conv2d { name = "deformed", in_channels = 4, out_channels = 6, height = 5, width = 9,
                  kernel_size = { 3, 2 }, offset_groups = 2, modulation = "sigmoid",
                  activation = "gelu", dtype = "f64", layout = "nhwc" },
}
END
cat >run.lua <<'END'
return conv2d { name = "c", in_channels = 1, height = 1, width = 2, out_channels = 1, kernel_size = 1 }
END
echo 'return conv2d { in_chanels = 1 }' >bad.lua
cat >net.lua <<'END'
local x = input { name = "image", channels = 3, height = 5, width = 7 }
local a = conv2d { x, name = "stem", out_channels = 4, kernel_size = 3, padding = 1, bias = true, activation = "relu" }
local o = conv2d { a, name = "where", out_channels = 27, kernel_size = 1 }
local b = deform_conv2d { a, name = "look", offset_mask = o, modulation = "sigmoid", out_channels = 4, kernel_size = 3,
                          padding = 1, residual = a, activation = "silu" }
local y = linear { avg_pool2d { layer_norm { b, name = "norm" }, output_size = 1 }, name = "head", out_features = 2 }
local net = network { name = "net", outputs = { scores = y } }
return { net, gradient(net) }
END
mapfile -t numbers < <(perl -e 'print sin($_), "\n" for 1 .. 380')
safetensors net.safetensors "{$(tensor stem.weight 4,3,3,3 0 108),$(tensor stem.bias 4 108 112),\
$(tensor where.weight 27,4,1,1 112 220),$(tensor look.weight 4,4,3,3 220 364),$(tensor norm.weight 4 364 368),\
$(tensor norm.bias 4 368 372),$(tensor head.weight 2,4 372 380)}" "${numbers[@]}"
npy image.npy f4 '1,3,5,7,' "${numbers[@]:0:105}"
cat >net.c <<'END'
#include "net.h"
#include "net_grad.h"
#include <stdio.h>
#include <stdlib.h>

static float *block(int n, float first)
{
    float *v = malloc((size_t)n * sizeof *v);
    for (int i = 0; i < n && first; i++)
        v[i] = first / (float)(i + 1);
    return v;
}

static void *room(int64_t bytes)
{
    return aligned_alloc(64, (size_t)(bytes + 64) / 64 * 64);
}

int main(void)
{
    float *image = block(105, 1), *scores = block(2, 0), *parameters = block(380, 1), sum = 0;
    float *of_scores = block(2, 1), *of_image = block(105, 0), *of_parameters = block(380, 0);
    void *packed = malloc((size_t)net_grad_packed_bytes(NET_GRAD_PARAMETERS));
    void *work = room(net_workspace_bytes(0, 0, 0, 0, 1));
    void *more = room(net_grad_workspace_bytes(0, 0, 0, 0, 1));
    net(&(net_args){ .image = image, .scores = scores }, work);
    net_grad_pack(NET_GRAD_PARAMETERS, parameters, packed);
    net_grad(&(net_grad_args){ .image = image, .parameters = packed, .grad_scores = of_scores,
                               .grad_image = of_image, .grad_parameters = of_parameters }, more);
    for (int i = 0; i < 380; i++)
        sum += of_parameters[i] + of_image[i % 105] + scores[i % 2];
    void *const all[] = { image, scores, parameters, of_scores, of_image, of_parameters, packed, work, more };
    for (int i = 0; i < 9; i++)
        free(all[i]);
    return !(sum > -1e6f && sum < 1e6f); /* which depends on every element */
}
END
npy x.npy f4 '1,1,1,2,' 1 2
npy w.npy f4 '1,1,1,1,' 3

watched() { # CODE PROGRAM WORD...: the exit code, and that valgrind has nothing to say
    local want=$1
    shift
    # What is only possibly lost belongs to the threads of OpenMP, which live until the end.
    valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
        --log-file="$here/.log" "$@" >/dev/null 2>"$here/.err"
    local code=$?
    same "$(basename "$1") ${*:2}" "$want|" "$code|$(cat "$here/.log")"
}

clean() { # CODE WORD...
    watched "$1" "$DCNGEN_BIN" "${@:2}"
}

clean 0 version
clean 0 help
clean 0 targets
clean 0 show spec good.lua
clean 2 no-such-verb
clean 3 verify bad.lua
clean 3 verify none.lua -D a=b
clean 4 compile good.lua -o objects --target no-such-cpu
clean 0 compile good.lua -o objects -M --jobs 2 --emit obj,header,asm,bitcode,static-lib,shared-lib
cpu=$([ "$(uname -m)" = x86_64 ] && echo x86-64-v3 || echo native) # valgrind knows no later one
clean 0 compile net.lua --kernel net --weights net.safetensors -o net --target "$cpu"
works compile net.lua --kernel net_grad -o net --target "$cpu"
same "objects of networks need nothing" "" "$(nm -u net/net.o net/net_grad.o | grep ' U ')"
if ${CC:-cc} -g -Inet net.c net/net.o net/net_grad.o -o net/program; then
    watched 0 net/program
else
    complain "net.c" "a program" "an error of the compiler"
fi
export DCNGEN_CACHE=rw DCNGEN_CACHE_DIR=$here/store
clean 0 cache pin good.lua --threads 2 --schedule direct
clean 0 verify --threads 2 good.lua
clean 0 verify --threads 2 good.lua
clean 0 bench good.lua --time 0.01 --threads 2 --json --kernel plain
clean 0 cache ls --json
clean 0 cache export lines
clean 0 cache import lines
clean 0 cache verify
clean 0 cache prune --max-size 0
"$DCNGEN_BIN" cache pin run.lua --schedule direct --threads 1
run=(run run.lua --threads 1 --input weight=w.npy --output output=y.npy)
works "${run[@]}" --input input=x.npy
clean 0 "${run[@]}" --input input=x.npy
clean 2 "${run[@]}" --input input=w.npy
net=(run net.lua --kernel net --threads 1 --weights net.safetensors --output scores=scores.npy)
works "${net[@]}" --input image=image.npy
clean 0 "${net[@]}" --input image=image.npy
clean 2 "${net[@]}" --input image=x.npy
clean 2 run net.lua --kernel net --weights x.npy --input image=image.npy --output scores=scores.npy
finish
