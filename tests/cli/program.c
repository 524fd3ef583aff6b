/* program.c: parts of the program that test_wrong.c calls without a command line.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/kernels.c"
#include "cli/names.c"
#include "cli/say.c"
