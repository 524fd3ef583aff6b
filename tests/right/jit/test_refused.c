/* test_refused.c: a system that refuses to run what was compiled gives an error of one line.
**
** The program's own mprotect stands before the C library's for all libraries that are loaded.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/support/case.h"

#include <criterion/criterion.h>
#include <dcngen/tune.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How often memory may still be made executable; -1: always. */
static int left = -1;

int mprotect(void *at, size_t size, int protection)
{
    const int runs = (protection & PROT_EXEC) && left >= 0;
    if (runs && left == 0) {
        errno = EACCES;
        return -1;
    }
    left -= runs;
    return (int)syscall(SYS_mprotect, at, size, protection);
}

static int compile(dcn_error *err)
{
    const dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 3, 4, 5, 6);
    dcn_kernel *k = NULL;
    *err = (dcn_error){ .text = "" };
    const int failed = dcn_compile(&s, NULL, &k, err);
    dcn_kernel_free(k);
    return failed;
}

static const char *const not_executable =
    "code cannot be run in this process, whose memory may not be made executable (%s)";

static void expect_not_executable(int failed, const dcn_error *err, int why)
{
    char want[256];
    snprintf(want, sizeof want, not_executable, strerror(why));
    cr_expect_eq(failed, -1);
    cr_expect_eq(err->code, DCN_EENV, "code %d", err->code);
    cr_expect_str_eq(err->text, want);
}

Test(refused, memory_that_may_not_be_made_executable)
{
    dcn_error err;
    left = 0;
    expect_not_executable(compile(&err), &err, EACCES);
    left = -1;
    cr_expect_eq(compile(&err), 0, "%s", err.text);
}

/* No candidate would run, so none is made. */
Test(refused, tuning_does_not_begin)
{
    const dcn_spec s = case_spec(DCN_OP_DEFORM_CONV2D, 3, 4, 5, 6);
    const dcn_tune_options opt = { .trials = 1 };
    dcn_tuned tuned;
    dcn_error err = { .text = "" };
    left = 0;
    expect_not_executable(dcn_tune(&s, &opt, &tuned, &err), &err, EACCES);
}

/* What LLVM would print stands in the error instead. */
Test(refused, the_linker_s_own_pages)
{
    dcn_error err;
    FILE *said = tmpfile();
    const int before = dup(2);
    cr_assert(said && before >= 0);
    dup2(fileno(said), 2);
    left = 1;
    const int failed = compile(&err);
    dup2(before, 2);
    cr_expect_eq(failed, -1);
    cr_expect_eq(err.code, DCN_EFAILED);
    cr_expect(strstr(err.text, "Permission denied"), "%s", err.text);
    cr_expect_null(strchr(err.text, '\n'));
    cr_expect_eq(lseek(fileno(said), 0, SEEK_END), 0, "something was printed");
    left = -1;
    cr_expect_eq(compile(&err), 0, "%s", err.text);
    close(before);
    fclose(said);
}

/* Linux 6.3 and later. */
Test(refused, a_process_that_refuses_itself)
{
    enum { SET_MDWE = 65, REFUSE_EXEC_GAIN = 1 };
    dcn_error err;
    if (prctl(SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0))
        cr_skip("this kernel has no PR_SET_MDWE");
    expect_not_executable(compile(&err), &err, EACCES);
}
