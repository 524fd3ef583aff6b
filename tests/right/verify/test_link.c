/* test_link.c: a shared library from an object, and what is said when there is none.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/file.h"
#include "tuner/api/link.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "link-XXXXXX";

static void enter(void)
{
    cr_assert(mkdtemp(dir));
    cr_assert_eq(chdir(dir), 0);
    setenv("TMPDIR", ".", 1);
}

static void leave(void)
{
    unlink("in.c");
    unlink("in.o");
    unlink("lib.so");
    cr_assert_eq(chdir(".."), 0);
    cr_expect_eq(rmdir(dir), 0, "the private directory is left over");
}

TestSuite(link, .init = enter, .fini = leave);

static void refuse(const TuneLink *l, const char *begin, const char *end)
{
    void *bytes;
    size_t size;
    dcn_error err;
    cr_expect_eq(tune_link(l, &bytes, &size, &err), -1);
    size_t length = strlen(err.text), tail = strlen(end);
    cr_expect(!strncmp(err.text, begin, strlen(begin)) && length >= tail &&
                  !strcmp(err.text + length - tail, end),
              "'%s'", err.text);
    cr_expect_eq(err.code, DCN_EENV);
}

Test(link, a_library_loads_and_has_the_symbol)
{
    static const char source[] = "int answer(void) { return 42; }\n";
    void *object, *library;
    size_t size;
    dcn_error err;
    cr_assert_eq(rt_write_file("in.c", source, strlen(source), NULL), 0);
    cr_assert_eq(system("${CC:-cc} -fPIC -c in.c -o in.o"), 0);
    cr_assert_eq(rt_read_file("in.o", 1 << 20, &object, &size, NULL), 0);
    TuneLink l = { "answer", object, size, false };
    cr_assert_eq(tune_link(&l, &library, &size, &err), 0, "%s", err.text);
    cr_assert_eq(rt_write_file("lib.so", library, size, NULL), 0);
    void *handle = dlopen("./lib.so", RTLD_NOW);
    cr_assert(handle, "%s", dlerror());
    int (*answer)(void) = NULL;
    *(void **)&answer = dlsym(handle, "answer");
    cr_assert(answer);
    cr_expect_eq(answer(), 42);
    dlclose(handle);
    free(object);
    free(library);
}

Test(link, what_is_no_object_is_refused_in_one_line)
{
    const TuneLink l = { "x", "not an object", 13, false };
    void *bytes;
    size_t size;
    dcn_error err;
    cr_expect_eq(tune_link(&l, &bytes, &size, &err), -1);
    cr_expect(strstr(err.text, " failed: "), "%s", err.text);
    cr_expect_null(strchr(err.text, '\n'));
}

Test(link, no_linker_is_said)
{
    setenv("PATH", "/nowhere", 1);
    TuneLink l = { "x", "", 0, false };
    refuse(&l, "no linker found: a shared library needs ld.lld or ld", "");
    l.foreign = true;
    refuse(&l, "no linker found: a shared library needs ld.lld", "ld.lld");
}

Test(link, no_place_for_temporary_files_is_said)
{
    const TuneLink l = { "x", "", 0, false };
    setenv("TMPDIR", "./none", 1);
    refuse(&l, "cannot make a directory ./none/dcngen-", ": No such file or directory");
}
