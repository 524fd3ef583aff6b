/* machine.h: what the host program needs of a machine without a C library.
**
** say() writes bytes to standard output; machine_start() is where the program begins, and it ends with the
** result of check().  WebAssembly gets both from the program that loads it (run.js).  Programs for Windows and macOS
** run on Linux, too (load.c), so they use its system calls.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_CROSS_MACHINE_H
#define DCN_TESTS_CROSS_MACHINE_H

int check(void);

#if defined(__wasm__)

__attribute__((import_module("host"), import_name("say"))) void say(const char *text, long size);
__attribute__((export_name("check"))) int check(void);

#else

typedef __INTPTR_TYPE__ machine_word;

#if defined(__x86_64__)
enum { WRITE = 1, EXIT = 60 };
static machine_word system_call(machine_word number, machine_word a, machine_word b, machine_word c)
{
    machine_word result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}
#if defined(_WIN32) /* whose functions have 32 bytes of their caller's stack for themselves */
#define ENTER "xor %ebp, %ebp; and $-16, %rsp; sub $32, %rsp; call machine_start"
#elif defined(__APPLE__)
#define ENTER "xor %ebp, %ebp; and $-16, %rsp; call _machine_start"
#else
#define ENTER "xor %ebp, %ebp; and $-16, %rsp; call machine_start"
#endif
#elif defined(__aarch64__)
enum { WRITE = 64, EXIT = 93 };
static machine_word system_call(machine_word number, machine_word a, machine_word b, machine_word c)
{
    register machine_word x8 __asm__("x8") = number, x0 __asm__("x0") = a;
    register machine_word x1 __asm__("x1") = b, x2 __asm__("x2") = c;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}
#define ENTER "mov x29, #0; bl machine_start"
#elif defined(__riscv)
enum { WRITE = 64, EXIT = 93 };
static machine_word system_call(machine_word number, machine_word a, machine_word b, machine_word c)
{
    register machine_word a7 __asm__("a7") = number, a0 __asm__("a0") = a;
    register machine_word a1 __asm__("a1") = b, a2 __asm__("a2") = c;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
    return a0;
}
#define ENTER                                                                                      \
    ".option push; .option norelax; la gp, __global_pointer$; .option pop; call machine_start"
#endif

__asm__(".globl _start\n_start: " ENTER);

static void say(const char *text, long size)
{
    system_call(WRITE, 1, (machine_word)text, size);
}

__attribute__((noreturn, used)) void machine_start(void)
{
    int failed = check();
    for (;;)
        system_call(EXIT, failed, 0, 0);
}

#endif

#endif
