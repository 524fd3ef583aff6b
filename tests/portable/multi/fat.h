/* fat.h: a kernel for several CPUs, as a shared library that is loaded here.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_FAT_H
#define DCN_TESTS_FAT_H

#include "runtime/exec/kernel.h"

typedef struct Fat {
    dcn_kernel kernel; /* its entries are those of the library */
    void *library;
    const char *(*variant)(void);
    int64_t (*why)(char *text, int64_t size);
    int (*choose)(const char *cpu);
} Fat;

/* Compiles, links and loads; what cannot fail ends the test.  cpus: names with commas between.  A library is loaded
** again at every call, with a state of its own. */
void fat_open(Fat *f, const dcn_spec *s, const char *cpus);
void fat_close(Fat *f);

/* Parses such a list; returns how many there are. */
int fat_targets(const char *cpus, dcn_target *t, int most);

/* dcn_emit_many for such a list; 0 or -1. */
int fat_emit(const dcn_spec *s, const char *cpus, dcn_emit_kind kind, void **bytes, size_t *size,
             dcn_error *err);

#endif
