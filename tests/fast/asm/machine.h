/* machine.h: the kinds of machine whose code is looked at, and what every test of code begins with.
**
** What cannot fail in a right program ends the test.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_ASM_MACHINE_H
#define DCN_TESTS_ASM_MACHINE_H

#include "tests/fast/asm/listing.h"

#include <dcngen.h>

typedef struct Machine {
    const char *cpu;
    int elf, vector_bytes;
    const char *wide;        /* register of full width, in the text */
    const char *fma, *stack; /* NULL: the machine has none */
} Machine;

enum { NMACHINES = 4 };
extern const Machine machines[NMACHINES]; /* x86-64-v4, -v3, -v2, AArch64 */

/* An artefact, to be freed; schedule NULL: the guess. */
char *machine_emit(const dcn_spec *s, const Machine *m, const char *schedule, dcn_emit_kind kind,
                   size_t *size);
Listing machine_listing(const dcn_spec *s, const Machine *m, const char *schedule);

/* The guess, as text in DCN_SCHEDULE_MAX bytes. */
void machine_guess(const dcn_spec *s, const Machine *m, char *schedule);

/* The value of a knob in "tiled mr=6 nv=4 ...". */
int schedule_knob(const char *schedule, const char *name);

/* The guess is tiled; its product's loop has the multiply-adds of the register tile, and does not touch the
** stack. */
void machine_expect_product(const dcn_spec *s, const Machine *m);

#endif
