/* test_archive.c: a static library byte by byte, and as the system's own tools see it.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/base/archive.h"
#include "runtime/base/file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const symbols[] = { "conv_run", "conv_pack" };
static const rt_archived member = { "conv.o", "OBJ", 3, symbols, 2 };

Test(archive, bytes_are_exact)
{
    char want[512], *got;
    size_t size;
    int n = snprintf(want, sizeof want,
                     "!<arch>\n"
                     "%-16s%-12d%-6d%-6d%-8s%-10d`\n",
                     "/", 0, 0, 0, "644", 32);
    static const char index[] = "\0\0\0\2\0\0\0\xac\0\0\0\xacsymbols";
    memcpy(want + n, index, 12);
    memcpy(want + n + 12, "conv_run\0conv_pack\0", 20);
    n += 32;
    n += snprintf(want + n, sizeof want - (size_t)n, "%-16s%-12d%-6d%-6d%-8s%-10d`\nconv.o/\n",
                  "//", 0, 0, 0, "644", 8);
    want[8 + 60 + 4 + 3] = want[8 + 60 + 8 + 3] = (char)n;
    n += snprintf(want + n, sizeof want - (size_t)n, "%-16s%-12d%-6d%-6d%-8s%-10d`\nOBJ\n", "/0", 0,
                  0, 0, "644", 3);
    cr_assert_eq(rt_archive(&member, (void **)&got, &size, NULL), 0);
    cr_assert_eq(size, (size_t)n);
    cr_expect_arr_eq(got, want, size);
    free(got);
}

static void first_line_of(const char *command, char *line, int size)
{
    FILE *p = popen(command, "r");
    cr_assert(p && fgets(line, size, p), "%s", command);
    pclose(p);
}

Test(archive, ar_lists_extracts_and_finds_symbols)
{
    char path[] = "lib-XXXXXX", command[128], line[128], *bytes;
    size_t size;
    close(mkstemp(path));
    cr_assert_eq(rt_archive(&member, (void **)&bytes, &size, NULL), 0);
    cr_assert_eq(rt_write_file(path, bytes, size, NULL), 0);
    free(bytes);
    snprintf(command, sizeof command, "ar t %s", path);
    first_line_of(command, line, sizeof line);
    cr_expect_str_eq(line, "conv.o\n");
    snprintf(command, sizeof command, "ar p %s conv.o", path);
    first_line_of(command, line, sizeof line);
    cr_expect_str_eq(line, "OBJ");
    snprintf(command, sizeof command, "nm -s %s 2>/dev/null | grep _pack", path);
    first_line_of(command, line, sizeof line);
    cr_expect_str_eq(line, "conv_pack in conv.o\n");
    unlink(path);
}

/* As `llvm-ar --format=darwin` lays it out, but for the padding of names. */
Test(archive, macos_reads_another_index)
{
    char want[512], *got;
    size_t size;
    int n = snprintf(want, sizeof want,
                     "!<arch>\n"
                     "%-16s%-12d%-6d%-6d%-8s%-10d`\n",
                     "#1/12", 0, 0, 0, "644", 12 + 8 + 16 + 24);
    static const char index[] = "__.SYMDEF\0\0\0\x10\0\0\0\0\0\0\0\x80\0\0\0\x09\0\0\0\x80\0\0\0"
                                "\x18\0\0\0conv_run\0conv_pack\0\0\0\0\0\0";
    memcpy(want + n, index, sizeof index - 1);
    n += (int)sizeof index - 1;
    cr_expect_eq(n, 0x80);
    n += snprintf(want + n, sizeof want - (size_t)n, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", "#1/12", 0,
                  0, 0, "644", 12 + 3);
    memcpy(want + n, "conv.o\0\0\0\0\0\0OBJ\n", 16);
    cr_expect_eq((n + 12) % 8, 0, "objects are aligned");
    n += 16;
    cr_assert_eq(rt_archive_macos(&member, (void **)&got, &size, NULL), 0);
    cr_assert_eq(size, (size_t)n);
    cr_expect_arr_eq(got, want, size);
    free(got);
}
