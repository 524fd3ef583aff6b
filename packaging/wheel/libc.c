/* libc.c: what the library of the wheel asks of the C library, made so that older ones have it.
**
** Linked with --wrap=stdin, --wrap=stdout and --wrap=stderr.  Debian's archives are compiled for programs: they
** address data of the C library relative to themselves, which a shared library cannot do with another's.  So they see
** variables of this one.  arc4random, which LLVM names temporary files with, is new in glibc 2.36; hypot has a
** version of 2.35, and --wrap=hypot takes the one before.
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

FILE *__wrap_stdin, *__wrap_stdout, *__wrap_stderr;
extern FILE *__real_stdin, *__real_stdout, *__real_stderr;

/* Before the constructors of LLVM, which have no priority. */
__attribute__((constructor(101))) static void take_streams(void)
{
    __wrap_stdin = __real_stdin;
    __wrap_stdout = __real_stdout;
    __wrap_stderr = __real_stderr;
}

double older_hypot(double x, double y);
__asm__(".symver older_hypot, hypot@GLIBC_2.2.5");
double __wrap_hypot(double x, double y);

double __wrap_hypot(double x, double y)
{
    return older_hypot(x, y);
}

uint32_t arc4random(void);

uint32_t arc4random(void)
{
    uint32_t bits = 0;
    while (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        ; /* four bytes are interrupted only before the kernel's pool is filled */
    return bits;
}
