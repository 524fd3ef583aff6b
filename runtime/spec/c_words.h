/* c_words.h: words that a kernel cannot be called, since its header defines a function and a struct of its name.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_SPEC_C_WORDS_H
#define DCN_RUNTIME_SPEC_C_WORDS_H

#include <dcngen/spec.h>
#include <stdbool.h>
#include <stddef.h>

/* Keywords of C++ and C23 that C11 has not. */
bool rt_is_cpp_keyword(const char *name);

/* Macros without arguments, of headers and of compilers, which no name in a header may be. */
bool rt_is_c_macro(const char *name);

/* Types; and functions, variables and macros with arguments, which may be names of members. */
bool rt_is_c_type(const char *name);
bool rt_is_c_function(const char *name);

/* Whether a word of at most DCN_NAME_MAX letters is among words with a space before and behind each. */
bool rt_is_among(const char *words, const char *name, size_t length);

#endif
