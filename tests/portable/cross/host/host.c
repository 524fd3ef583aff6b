/* host.c: a program that has nothing but kernels: it runs them and compares with right answers.
**
** kernels.inc names the kernels and cases.bin holds operands and answers, as gen_cases.c wrote them.  Every
** tensor stands in its own place among NaNs, so that an element read beside it would be seen; what is written
** beside the output and the workspace is seen too.  Tasks run one after another, the last of a phase first.
** Prints a line for each case that fails and one at the end; returns 1 if any failed.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tests/portable/cross/host/machine.h"

#include <stdint.h>

typedef uint64_t word;
_Static_assert(sizeof(word) == 8 && sizeof(double) == 8, "words have 8 bytes");

/* ---- the kernels, see runtime/exec/kernel.h ------------------------------------------------------------ */

typedef struct Kernel {
    const char *name;
    void (*run)(const void *args, int64_t phase, int64_t first, int64_t last, void *workspace,
                int64_t thread);
    int64_t (*tasks)(const void *args, int64_t phase);
    int64_t (*workspace_bytes)(int64_t batch, int64_t height, int64_t width, int64_t rois,
                               int64_t threads);
    void (*pack)(int64_t which, const void *weight, void *packed);
    int64_t (*packed_bytes)(int64_t which);
} Kernel;

#define KERNEL(name)                                                                               \
    void name##_run(const void *, int64_t, int64_t, int64_t, void *, int64_t);                     \
    int64_t name##_tasks(const void *, int64_t);                                                   \
    int64_t name##_workspace_bytes(int64_t, int64_t, int64_t, int64_t, int64_t);                   \
    void name##_pack(int64_t, const void *, void *);                                               \
    int64_t name##_packed_bytes(int64_t);
#include "kernels.inc"
#undef KERNEL

#define KERNEL(name)                                                                               \
    { #name, name##_run, name##_tasks, name##_workspace_bytes, name##_pack, name##_packed_bytes },
static const Kernel kernels[] = {
#include "kernels.inc"
};
#undef KERNEL

_Alignas(64) static const unsigned char blob[] = {
#embed "cases.bin"
};

/* ---- text ---------------------------------------------------------------------------------------- */

static void say_text(const char *text)
{
    long n = 0;
    while (text[n])
        n++;
    say(text, n);
}

static void say_whole(word k)
{
    char text[24], *at = text + sizeof text - 1;
    *at = '\0';
    do
        *--at = (char)('0' + k % 10);
    while (k /= 10);
    say_text(at);
}

/* Six digits after the point. */
static void say_real(double x)
{
    if (x != x || x > 1e12 || x < -1e12) {
        say_text(x != x ? "NaN" : x > 0 ? "more than 1e12" : "less than -1e12");
        return;
    }
    if (x < 0)
        say_text("-");
    word millionths = (word)((x < 0 ? -x : x) * 1e6 + 0.5);
    say_whole(millionths / 1000000);
    say_text(".");
    for (word part = 100000; part; part /= 10)
        say_whole(millionths / part % 10);
}

/* ---- memory full of NaN --------------------------------------------------------------------------- */

enum { LINE = 64, GAP = 4096, ARENA = 4 << 20 };
static const word NOTHING = ~(word)0; /* one double or two floats that are NaN */
_Alignas(LINE) static word arena[ARENA / 8];
static int64_t used; /* bytes */

static void arena_clear(void)
{
    for (int64_t i = 0; i < ARENA / 8; i++)
        arena[i] = NOTHING;
    used = 0;
}

static void *arena_take(int64_t bytes)
{
    char *at = (char *)arena + used + GAP;
    used += GAP + (bytes + LINE - 1) / LINE * LINE;
    return used + GAP <= ARENA ? at : 0;
}

/* Whether the gaps before and after what was taken are as they were. */
static int untouched(const void *taken, int64_t bytes)
{
    const unsigned char *at = taken;
    for (int64_t i = 1; i <= GAP; i++)
        if (at[-i] != 0xff)
            return 0;
    for (int64_t i = bytes; i < GAP; i++)
        if (at[i] != 0xff)
            return 0;
    return 1;
}

/* ---- one case --------------------------------------------------------------------------------------- */

enum { MAX_TENSORS = 24 };

typedef struct Case {
    const char *name;
    int64_t real_bytes, ntensors, size[4];
    double rtol, atol;
    const double *want;
    void *output, *workspace;
    int64_t count, workspace_bytes; /* count: of the output */
    word args[MAX_TENSORS + 4];     /* a place of 8 bytes for each */
} Case;

static const word *at; /* in the blob */

static double next_real(void)
{
    return *(const double *)(const void *)at++;
}

static void copy(void *to, const void *from, int64_t bytes)
{
    volatile unsigned char *out = to; /* or clang would call memcpy */
    const unsigned char *in = from;
    for (int64_t i = 0; i < bytes; i++)
        out[i] = in[i];
}

/* The next tensor of the blob, where it may be used; the output is left without a value. */
static void *take_tensor(const Kernel *k, Case *c, int64_t i)
{
    const int64_t weight = (int64_t)*at++, count = (int64_t)*at++, bytes = count * c->real_bytes;
    const word *data = at;
    at += (bytes + 7) / 8;
    void *to = arena_take(weight ? k->packed_bytes(i) : bytes);
    c->count = count;
    c->output = to;
    if (to && weight)
        k->pack(i, data, to);
    else if (to && i < c->ntensors - 1)
        copy(to, data, bytes);
    return to;
}

/* 0 if the case does not fit. */
static int open_case(const Kernel *k, Case *c)
{
    c->name = (const char *)at;
    at += 4;
    c->real_bytes = (int64_t)*at++;
    c->ntensors = (int64_t)*at++;
    for (int i = 0; i < 4; i++)
        c->size[i] = (int64_t)*at++;
    c->rtol = next_real();
    c->atol = next_real();
    int fits = c->ntensors <= MAX_TENSORS;
    for (int64_t i = 0; fits && i < c->ntensors; i++) {
        void *tensor = take_tensor(k, c, i);
        c->args[i] = (word)(uintptr_t)tensor;
        fits = tensor != 0;
    }
    for (int i = 0; fits && i < 4; i++)
        c->args[c->ntensors + i] = (word)c->size[i];
    c->want = (const double *)(const void *)at;
    at += c->count;
    c->workspace_bytes = k->workspace_bytes(c->size[0], c->size[1], c->size[2], c->size[3], 1);
    c->workspace = arena_take(c->workspace_bytes);
    return fits && c->workspace;
}

static double output_at(const Case *c, int64_t i)
{
    return c->real_bytes == 8 ? ((const double *)c->output)[i] : ((const float *)c->output)[i];
}

static int is_right(double got, double want, const Case *c)
{
    double difference = got < want ? want - got : got - want;
    return difference <= c->atol + c->rtol * (want < 0 ? -want : want); /* false for NaN */
}

static int complain(const Kernel *k, const Case *c, const char *what)
{
    say_text(k->name);
    say_text(", ");
    say_text(c->name);
    say_text(": ");
    say_text(what);
    return 1;
}

static int compare(const Kernel *k, const Case *c)
{
    for (int64_t i = 0; i < c->count; i++) {
        if (is_right(output_at(c, i), c->want[i], c))
            continue;
        complain(k, c, "output[");
        say_whole((word)i);
        say_text("] is ");
        say_real(output_at(c, i));
        say_text(", expected ");
        say_real(c->want[i]);
        say_text("\n");
        return 1;
    }
    return 0;
}

static int run_case(const Kernel *k)
{
    Case c;
    int64_t n;
    arena_clear();
    if (!open_case(k, &c))
        return complain(k, &c, "is too large for this program\n");
    for (int64_t phase = 0; (n = k->tasks(c.args, phase)) >= 0; phase++)
        for (int64_t task = n - 1; task >= 0; task--)
            k->run(c.args, phase, task, task + 1, c.workspace, 0);
    if (compare(k, &c))
        return 1;
    if (!untouched(c.output, c.count * c.real_bytes))
        return complain(k, &c, "wrote beside the output\n");
    if (!untouched(c.workspace, c.workspace_bytes))
        return complain(k, &c, "wrote beside the workspace\n");
    return 0;
}

int check(void)
{
    int64_t failed = 0, cases = 0;
    at = (const word *)(const void *)blob;
    const int64_t n = (int64_t)*at++;
    for (int64_t i = 0; i < n; i++)
        for (int64_t left = (int64_t)*at++; left > 0; left--) {
            failed += run_case(&kernels[i]);
            cases++;
        }
    say_whole((word)(cases - failed));
    say_text(" of ");
    say_whole((word)cases);
    say_text(" cases are right\n");
    return failed > 0 || cases == 0;
}
