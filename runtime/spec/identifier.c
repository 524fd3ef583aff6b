/* identifier.c: why a kernel cannot be called what it is called.
** SPDX-License-Identifier: Apache-2.0
*/
#include "runtime/spec/c_words.h"
#include "runtime/spec/fields.h"

#include <string.h>

const char *rt_name_taken(const char *name)
{
    if (rt_is_cpp_keyword(name))
        return "a keyword of C++ or C23";
    if (!strcmp(name, "std"))
        return "a namespace of C++";
    if (rt_is_c_type(name))
        return "a type of C";
    if (name[0] == '_')
        return "a name that compilers keep for themselves";
    if (rt_is_c_macro(name))
        return "a macro of C";
    return rt_is_c_function(name) ? "a function of C" : NULL;
}
