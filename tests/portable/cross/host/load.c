/* load.c: runs the host program of another system on Linux, since it asks nothing of that system.
**
**     load FILE      a PE or Mach-O image for x86-64, linked at an address that is free here
**
** The image is copied to its address, section by section, and entered; it ends the process itself, by Linux's
** system call.  So its code, with the calling convention it was compiled for, runs as it stands.
** SPDX-License-Identifier: Apache-2.0
*/
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MAX_IMAGE = 64 << 20 };
static const uint32_t PE_MAGIC = 0x4550, MACHO_MAGIC = 0xfeedfacf;
static const uint32_t SEGMENT = 0x19, MAIN = 0x80000028; /* load commands */

static unsigned char file[MAX_IMAGE];

static uint64_t get(size_t at, size_t bytes)
{
    uint64_t v = 0;
    if (at + bytes > sizeof file)
        exit(3);
    memcpy(&v, file + at, bytes);
    return v;
}

static void map(uint64_t address, uint64_t size)
{
    void *want = (void *)(uintptr_t)address;
    if (size && mmap(want, size, PROT_READ | PROT_WRITE | PROT_EXEC,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != want) {
        perror("mmap");
        exit(3);
    }
}

static void copy(uint64_t address, size_t at, size_t size)
{
    get(at, 0);
    get(at + size, 0);
    memcpy((void *)(uintptr_t)address, file + at, size);
}

/* The address of the entry. */
static uint64_t load_pe(void)
{
    const size_t head = get(0x3c, 4), optional = head + 24;
    const size_t sections = get(head + 6, 2), table = optional + get(head + 20, 2);
    const uint64_t base = get(optional + 24, 8);
    if (get(head, 2) != PE_MAGIC)
        exit(3);
    map(base, get(optional + 56, 4));
    for (size_t i = 0; i < sections; i++) {
        const size_t at = table + 40 * i, size = get(at + 8, 4), stored = get(at + 16, 4);
        copy(base + get(at + 12, 4), get(at + 20, 4), size < stored ? size : stored);
    }
    return base + get(optional + 16, 4);
}

static uint64_t load_macho(void)
{
    size_t at = 32;
    uint64_t text = 0, entry = 0;
    for (size_t i = 0, n = get(16, 4); i < n; i++, at += get(at + 4, 4)) {
        const uint32_t kind = (uint32_t)get(at, 4);
        if (kind == SEGMENT && strcmp((char *)file + at + 8, "__PAGEZERO") != 0) {
            map(get(at + 24, 8), get(at + 32, 8));
            copy(get(at + 24, 8), get(at + 40, 8), get(at + 48, 8));
            text = strcmp((char *)file + at + 8, "__TEXT") != 0 ? text : get(at + 24, 8);
        } else if (kind == MAIN) {
            entry = get(at + 8, 8);
        }
    }
    return entry ? text + entry : 0;
}

int main(int argc, char **argv)
{
    FILE *f = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (!f || !fread(file, 1, sizeof file, f))
        return 3;
    const uint64_t entry = get(0, 4) == MACHO_MAGIC ? load_macho() : load_pe();
    if (!entry)
        return 3;
    ((void (*)(void))(uintptr_t)entry)();
    return 3;
}
