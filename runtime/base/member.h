/* member.h: members of structs as data, for tables that read, write or compare them.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_MEMBER_H
#define DCN_RUNTIME_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum rt_member_type {
    RT_TEXT,
    RT_BOOL,
    RT_INT,
    RT_INT64,
    RT_UINT64,
    RT_DOUBLE
} rt_member_type;

typedef struct rt_member {
    const char *name;
    rt_member_type type;
    size_t offset, size; /* bytes */
} rt_member;

#define RT_MEMBER_OF(STRUCT, MEMBER) (((STRUCT *)0)->MEMBER)

/* clang-format off */
#define RT_MEMBER_TYPE(X) \
    _Generic((X), char *: RT_TEXT, bool: RT_BOOL, int: RT_INT, int64_t: RT_INT64, \
                  uint64_t: RT_UINT64, double: RT_DOUBLE)

/* The row of STRUCT.MEMBER under a name; its type is the member's own, and an array of char is a
** text. */
#define RT_MEMBER(NAME, STRUCT, MEMBER) \
    { NAME, RT_MEMBER_TYPE(RT_MEMBER_OF(STRUCT, MEMBER)), offsetof(STRUCT, MEMBER), \
      sizeof RT_MEMBER_OF(STRUCT, MEMBER) }
/* clang-format on */

#endif
