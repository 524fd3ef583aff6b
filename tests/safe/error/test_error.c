/* test_error.c: every NAME.lua of this folder fails with exactly the line in NAME.expected.
** SPDX-License-Identifier: Apache-2.0
*/
#include <criterion/criterion.h>
#include <dcngen.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The first line of tests/safe/error/NAME.expected, without its newline. */
static void read_expected(const char *lua, char *line, size_t size)
{
    char path[512];
    snprintf(path, sizeof path, "%.*s.expected", (int)(strlen(lua) - 4), lua);
    FILE *file = fopen(path, "r");
    cr_assert(file, "%s is missing", path);
    line[0] = 0;
    cr_assert(fgets(line, (int)size, file), "%s is empty", path);
    line[strcspn(line, "\n")] = 0;
    fclose(file);
}

static void check(const char *lua)
{
    char want[1200], got[1200];
    dcn_module *m = NULL;
    dcn_error err = { .line = -1 };
    read_expected(lua, want, sizeof want);
    cr_expect(dcn_load_file(lua, NULL, 0, &m, &err) == -1, "%s was accepted", lua);
    cr_expect(!m, "%s: a module in spite of the error", lua);
    cr_expect(err.code == DCN_ESPEC, "%s: code %d", lua, (int)err.code);
    cr_expect(err.line > 0, "%s: no line", lua);
    cr_expect(strpbrk(err.text, "\n\r\t\033") == NULL, "%s: not one line", lua);
    dcn_error_print(&err, got, sizeof got);
    cr_expect(strcmp(got, want) == 0, "\n got %s\nwant %s", got, want);
    dcn_module_free(m);
}

Test(error, every_spec_of_this_folder_fails_as_expected)
{
    int cases = 0;
    cr_assert(chdir(SOURCE_DIR "/tests/safe/error") == 0);
    DIR *folder = opendir(".");
    cr_assert(folder);
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        const size_t length = strlen(entry->d_name);
        if (length > 4 && strcmp(entry->d_name + length - 4, ".lua") == 0) {
            check(entry->d_name);
            cases++;
        }
    }
    closedir(folder);
    cr_assert(cases >= 160, "only %d cases", cases);
}
