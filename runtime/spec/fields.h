/* fields.h: the one table that says which keys a spec has.
**
** A line of rt_fields drives the reading of Lua specs, the defaults of dcn_spec_init, the range
** part of dcn_spec_check, dcn_spec_print, the hints for misspelt keys and docs/SPEC.md.  Add a
** key here and all of them know it.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_SPEC_FIELDS_H
#define DCN_RUNTIME_SPEC_FIELDS_H

#include "runtime/spec/op.h"

typedef enum {
    RT_FIELD_INT,     /* n */
    RT_FIELD_EXTENT,  /* n or dynamic */
    RT_FIELD_SIZE,    /* n or {h, w} */
    RT_FIELD_PADDING, /* n, {h, w}, {top, left, bottom, right}, "same" or "valid" */
    RT_FIELD_CHOICE,  /* one of `choices` */
    RT_FIELD_BOOL,
    RT_FIELD_NUMBER,
    RT_FIELD_NAME,     /* a C identifier */
    RT_FIELD_TEXT,     /* printable ASCII */
    RT_FIELD_SCHEDULE, /* text, or in Lua also { "lowering", knob = value } */
    RT_FIELD_GRADIENT, /* false, true, or in Lua { "operand", ... }: a set of operands */
} rt_field_type;

typedef struct rt_field {
    const char *key;
    rt_field_type type;
    rt_op_set ops;
    size_t offset, bytes;       /* in dcn_spec; bytes of one element, or of the whole text */
    double min, max;            /* of every element, or of the length of a text */
    double default_value;       /* a choice's is its index */
    const char *const *choices; /* of RT_FIELD_CHOICE, ended by NULL */
    unsigned allowed;           /* bits of the choices that these operators have; 0: all */
    const char *const *later;   /* choices that a later version will have, or NULL */
    const char *doc;
    bool required;
    /* Printed only where it is not the default: what results of tuning are found by does not change
    ** when the language has a new key. */
    bool quiet;
} rt_field;

/* The value of any field, wide enough to hold one that is out of range. */
typedef struct rt_value {
    int64_t n[4]; /* integers, choices and switches: rt_field_count of them */
    double x;     /* RT_FIELD_NUMBER */
    char text[DCN_SCHEDULE_MAX];
} rt_value;

enum { RT_FIELD_PRINT_MAX = 2 * DCN_SCHEDULE_MAX + 8 };

/* In the order in which keys are checked and printed; the end has key NULL. */
extern const rt_field rt_fields[];

/* Whether the field is one of op's; never, if op is no operator. */
bool rt_field_is_of(const rt_field *f, dcn_op op);

/* NULL if op has no such key. */
const rt_field *rt_field_find(const char *key, dcn_op op);

/* op's field of the member at that offset of dcn_spec; NULL if it has no key for it. */
const rt_field *rt_field_at(dcn_op op, size_t offset);

/* Whether a choice is one for the operators of f. */
bool rt_field_allows(const rt_field *f, int64_t choice);

/* How many elements a value has: 1, 2 or 4; 0 for text. */
int rt_field_count(const rt_field *f);

/* Read from a spec, and write to one or to another struct that the field's offset is of.  What is
** written has passed rt_field_check. */
rt_value rt_field_get(const rt_field *f, const dcn_spec *s);
void rt_field_set(const rt_field *f, const rt_value *v, void *to);
rt_value rt_field_default(const rt_field *f);

/* Every key of to->op that the operator of `from` has, too, but for name, target and schedule. */
void rt_fields_copy(const dcn_spec *from, dcn_spec *to);

bool rt_field_equal(const rt_field *f, const rt_value *a, const rt_value *b);

/* Whether dcn_spec_print writes the value. */
bool rt_field_is_shown(const rt_field *f, const rt_value *v);

/* The value as Lua writes it, shortest form; returns buf. */
const char *rt_field_print(const rt_field *f, const rt_value *v, char buf[RT_FIELD_PRINT_MAX]);

/* 0 if the value is within the field's range, else -1: 'key' = value, and what is allowed. */
int rt_field_check(const rt_field *f, const rt_value *v, dcn_error *err);

/* Fails with: 'key' = "given" is not one of "a", "b" (did you mean "a"?). */
int rt_field_not_a_choice(const rt_field *f, const char *given, dcn_error *err);

/* What a word is that no kernel can be called, since no C or C++ program could include its header; NULL: it can. */
const char *rt_name_taken(const char *name);

/* dcn_spec_check; *key is the key to blame, or NULL. */
int rt_spec_check(const dcn_spec *s, const char **key, dcn_error *err);

/* rt_spec_check, in a tenth of the time, of a spec that passed it before its dynamic sizes became numbers. */
int rt_spec_check_sizes(const dcn_spec *s, dcn_error *err);

/* dcn_spec_bind of a spec that passed rt_spec_check. */
int rt_spec_bind_checked(const dcn_spec *s, dcn_sizes sizes, dcn_spec *out, dcn_error *err);

#endif
