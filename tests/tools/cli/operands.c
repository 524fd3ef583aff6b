/* operands.c: reads users' tensors for test_wrong.c.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/load/operands.c"
