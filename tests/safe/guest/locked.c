/* locked.c: locked COMMAND...: run it in a process that may not make memory executable; 77 where Linux does not know
** how (before 6.3).
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { SET_MDWE = 65, REFUSE_EXEC_GAIN = 1 };

int main(int argc, char **argv)
{
    if (argc < 2 || prctl(SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0))
        return 77;
    execv(argv[1], argv + 1);
    perror(argv[1]);
    return 1;
}
