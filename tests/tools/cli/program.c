/* program.c: parts of the program that test_wrong.c calls without a command line.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/args/hints.c"
#include "cli/load/kernels.c"
#include "cli/load/offsets.c"
#include "cli/load/weights.c"
#include "cli/out/print.c"
#include "cli/out/schedule.c"
#include "cli/out/signals.c"
#include "cli/verb/bench_layers.c"
#include "cli/verb/brief.c"
