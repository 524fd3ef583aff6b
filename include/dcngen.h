/* dcngen.h: deformable convolutions compiled for one shape and one CPU.
**
**     dcn_error err;
**     dcn_module *m;          dcn_load_file("spec.lua", NULL, 0, &m, &err);
**     dcn_kernel *k;          dcn_compile(dcn_module_spec(m, 0), NULL, &k, &err);
**     void *packed = malloc(dcn_kernel_packed_bytes(k));
**     dcn_pack_weights(k, weight, packed);
**     dcn_call call = { DCN_TENSORS(input, packed, bias, offset, mask, output), .threads = 2 };
**     dcn_execute(k, &call, &err);
**
** No global state: everything hangs on a handle.  Functions that can fail return 0 or -1 and
** fill `err` (which may be NULL).  A handle may be used from many threads at once as long as it
** is const in the call; `x_free(NULL)` is allowed.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCNGEN_H
#define DCNGEN_H

#include <dcngen/error.h>
#include <dcngen/spec.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DCN_VERSION_MAJOR 0
#define DCN_VERSION_MINOR 1
#define DCN_VERSION_PATCH 0

/* "0.1.0" */
const char *dcn_version(void);

/* ---- specs from Lua ------------------------------------------------------ */

typedef struct dcn_module dcn_module; /* the kernels that one spec file returned */
typedef struct dcn_param {            /* -D name=value; read by param() in the spec */
    const char *name, *value;
} dcn_param;

/* Load a spec file, or text that is called `chunk` in messages.  On failure err has file and line.
** A param that the spec never reads is an error.  The path "-" is the standard input, which messages
** call <stdin>.  The result is freed by dcn_module_free. */
int dcn_load_file(const char *path, const dcn_param *params, int nparams, dcn_module **out,
                  dcn_error *err);
int dcn_load_text(const char *text, const char *chunk, const dcn_param *params, int nparams,
                  dcn_module **out, dcn_error *err);
int dcn_module_count(const dcn_module *m); /* of its kernels */
/* Kernel i, borrowed; NULL if i is out of range. */
const dcn_spec *dcn_module_spec(const dcn_module *m, int i);
/* Files that were read (the spec and what it included), for depfiles; NULL past the last. */
const char *dcn_module_file(const dcn_module *m, int i);
/* The line on which kernel i sets `key`, as in schedule = "...", and in *file (may be NULL) the
** borrowed name of the file.  Where the constructor's call does not show the key, or key is NULL,
** it is the line of that call.  Of a network, key may also be a layer, "stages.0.dcn", or a key of one,
** "stages.0.dcn.schedule".  0 and NULL if i is out of range. */
int dcn_module_where(const dcn_module *m, int i, const char *key, const char **file);
void dcn_module_free(dcn_module *m);

/* ---- targets: for which machine ------------------------------------------ */

typedef struct dcn_target {
    char triple[64];
    /* An LLVM CPU name; used for instruction scheduling only where features say more. */
    char cpu[64];
    char features[4096]; /* "+avx2,+fma,..." */
    char isa[32]; /* "avx512", "avx2", "sse4.2", "sse2", "neon", ...: the row of the target table */
    int vector_bytes;                     /* width of a register */
    int registers;                        /* how many vector registers */
    int fma;                              /* 1: fused multiply-add is one instruction */
    int gather;                           /* 1: a gather is worth emitting */
    int64_t l1_bytes, l2_bytes, l3_bytes; /* data caches, per core; 0: unknown */
} dcn_target;

/* The machine this runs on, lowered by DCNGEN_MAX_ISA if that is set. */
int dcn_target_native(dcn_target *t, dcn_error *err);
/* cpu: "native" or an LLVM CPU name; triple and attrs ("+x,-y") may be NULL.  The
** triple may also be the short name of a system: "linux", "freebsd", "macos" or "windows". */
int dcn_target_parse(const char *cpu, const char *triple, const char *attrs, dcn_target *t,
                     dcn_error *err);
/* The i-th row of the table of known CPUs; 0, or -1 past the last. */
int dcn_target_known(int i, const char **cpu, const char **triple, const char **isa);

/* ---- compiling ----------------------------------------------------------- */

typedef struct dcn_options {
    /* "tiled mr=6 nv=4", or some knobs only; of a module "stages offset=direct core={tiled mr=6}",
    ** or some stages only; NULL: as dcn_choice says */
    const char *schedule;
    const dcn_target *target; /* NULL: native */
    int threads; /* how many will run it, as it was tuned for; 0: as dcn_execute counts them */
    /* A network's operand `parameters`, plain (dcn_read_parameters), to be constants of the code; the
    ** kernel then has no such operand.  Borrowed for the call, of dcn_compile as long as the kernel lives.
    ** NULL: they are an operand. */
    const void *parameters;
    /* For a network's gradients the most bytes of workspace on one thread; what does not fit is computed
    ** again.  Further threads add their own tiles.  0: as the spec says. */
    int64_t memory;
    /* Called with `self` before DCNGEN_TUNE=on makes the call tune a kernel of which nothing is
    ** known, for so many seconds, and after that; NULL: a line on the standard error says so before. */
    void (*before_tuning)(void *self, const dcn_spec *s, int threads, double seconds);
    void (*after_tuning)(void *self, const dcn_spec *s);
    void *self;
    /* Not 0, as a signal handler may set it: that tuning ends, and with it the call, with DCN_EFAILED; what was
    ** found is kept.  NULL: it is not stopped. */
    const volatile int *stop;
} dcn_options;

/* Who decided on a schedule: the options, else the spec, else a pin of the user, else what was
** found by tuning, else what a sweep estimated for a CPU that it could not measure on, else, of a
** module, what is known of at least one of its stages as a kernel of its own, else nobody. */
typedef enum {
    DCN_ORIGIN_OPTION,
    DCN_ORIGIN_SPEC,
    DCN_ORIGIN_PINNED,
    DCN_ORIGIN_TUNED,
    DCN_ORIGIN_ESTIMATED,
    DCN_ORIGIN_STAGES,
    DCN_ORIGIN_GUESS,
} dcn_origin;
const char *dcn_origin_name(dcn_origin o); /* "option", "spec", "pinned", "tuned", ... */

typedef struct dcn_choice {
    char schedule[DCN_SCHEDULE_MAX];
    dcn_origin origin;
    double gain;    /* time of the guess / its own, when it was tuned; 0: unknown */
    char note[768]; /* what the user should know, of a store that cannot be used; "": nothing */
} dcn_choice;

typedef struct dcn_kernel dcn_kernel; /* machine code in memory, ready to run */

/* Compile and load; code that the store has of a tuned or pinned kernel is loaded and nothing
** compiled.  opt may be NULL.  The result is freed by dcn_kernel_free.  What is wrong with the
** spec's own target or schedule is DCN_ESPEC, and the text begins with 'target' or 'schedule';
** dcn_module_where tells the line. */
int dcn_compile(const dcn_spec *s, const dcn_options *opt, dcn_kernel **out, dcn_error *err);
void dcn_kernel_free(dcn_kernel *k);

/* What a kernel was made from; all four are borrowed from it. */
const dcn_spec *dcn_kernel_spec(const dcn_kernel *k);
const dcn_target *dcn_kernel_target(const dcn_kernel *k);
const char *dcn_kernel_schedule(const dcn_kernel *k); /* text form of the schedule in use */
const dcn_choice *dcn_kernel_choice(const dcn_kernel *k);
/* Bytes of operand i once it is packed; 0 if it is not one of role DCN_WEIGHT. */
size_t dcn_kernel_tensor_bytes(const dcn_kernel *k, int i);
size_t dcn_kernel_packed_bytes(const dcn_kernel *k); /* of the first packed operand */
/* Bytes for one call of dcn_execute with that many threads; sizes that are static in the spec are
** ignored. */
size_t dcn_kernel_workspace_bytes(const dcn_kernel *k, dcn_sizes sizes, int threads);
size_t dcn_kernel_code_bytes(const dcn_kernel *k); /* of the object that it was loaded from */
/* The operands of one call with these sizes, as dcn_spec_tensors lists them, with numbers in the place of
** dynamic sizes; sizes that are static in the spec are ignored.  How many there are, or -1 with err. */
int dcn_kernel_tensors(const dcn_kernel *k, dcn_sizes sizes, dcn_tensor *out, int max,
                       dcn_error *err);

/* Operand i, of role DCN_WEIGHT and shaped as dcn_spec_tensors says, into packed
** (dcn_kernel_tensor_bytes, aligned to its element), once for many calls.  -1 for another operand
** or NULL. */
int dcn_pack_tensor(const dcn_kernel *k, int i, const void *weight, void *packed);
/* dcn_pack_tensor for the first operand that is packed: all of them where there is one weight. */
int dcn_pack_weights(const dcn_kernel *k, const void *weight, void *packed);

/* Other bytes have another fingerprint, but for one chance in 2^64, and for none where a single
** word of 8 bytes differs: whether what was packed is still what a weight holds.  The same on every machine of one
** byte order; read at about the speed of memory. */
uint64_t dcn_fingerprint(const void *bytes, size_t size);
/* A fingerprint made by several threads, as those of dcn_call, on whose number it does not depend; it is another number
** than dcn_fingerprint's. */
uint64_t dcn_fingerprint_threads(const void *bytes, size_t size, int threads);

/* Run body(arg, i, thread) once for each 0 <= i < n, in any order; body may run at the same time
** on several threads, each with its own 0 <= thread < threads.  Return when all are done.  Neighbours
** (i and i + 1) on the same thread find what they share in its cache. */
typedef void (*dcn_parallel_for)(void *self, int64_t n, int threads,
                                 void (*body)(void *arg, int64_t i, int thread), void *arg);

/* An OpenMP runtime that the host has loaded, by two of its functions: GOMP_parallel, which GNU's has,
** and LLVM's and Intel's have, too, and omp_get_max_threads. */
typedef struct dcn_openmp {
    void (*parallel)(void (*body)(void *arg), void *arg, unsigned threads, unsigned flags);
    int (*max_threads)(void);
} dcn_openmp;

/* A dcn_parallel_for on the threads of such a runtime; self is a dcn_openmp, whose runtime stays
** loaded.  At most max_threads() threads take part; inside of a loop of the host's own it is that
** one alone, unless the host nests.  In a child that was forked when this library was loaded, where
** such a runtime may wait for ever, the loop runs on threads of the library. */
void dcn_openmp_for(void *self, int64_t n, int threads,
                    void (*body)(void *arg, int64_t i, int thread), void *arg);

/* dcn_fingerprint_threads on threads of the caller's, as those of dcn_call. */
uint64_t dcn_fingerprint_for(const void *bytes, size_t size, int threads,
                             dcn_parallel_for parallel_for, void *parallel_self);

typedef struct dcn_call {
    /* In the order of dcn_spec_tensors, weights as packed; only those of role DCN_OUT are written,
    ** so that a pointer to const may be cast for this array; dcn::tensors of <dcngen.hpp> does so. */
    void *const *tensor;
    int ntensors;                       /* all that the kernel has */
    int64_t batch, height, width, rois; /* only those that are dynamic in the spec are read */
    /* Gradients that are NULL are not computed.  Bit i: what tensor i
    ** holds is added to; else it is overwritten. */
    uint64_t accumulate;
    void *workspace; /* dcn_kernel_workspace_bytes for `threads`, or NULL: allocated inside */
    int threads;     /* 0: DCNGEN_NUM_THREADS, else OMP_NUM_THREADS, else one per core */
    dcn_parallel_for parallel_for; /* NULL: threads of the library */
    void *parallel_self;
} dcn_call;

/* tensor and ntensors of dcn_call from a list of pointers: dcn_call call = { DCN_TENSORS(a, b, c), .threads = 2 };
** the array lives as long as the block that it is written in.  In C++: dcn::tensors(a, b, c) of
** <dcngen.hpp>. */
#ifndef __cplusplus
#define DCN_TENSORS(...)                                                                           \
    .tensor = (void *[]){ __VA_ARGS__ },                                                           \
    .ntensors = (int)(sizeof((void *[]){ __VA_ARGS__ }) / sizeof(void *))
#endif

/* Thread-safe: one kernel may run in many calls at once, each with its own workspace.
** The result does not depend on the number of threads.  Tensors need the alignment of their
** element only and are never read or written outside; an output must not overlap another tensor. */
int dcn_execute(const dcn_kernel *k, const dcn_call *call, dcn_error *err);

/* ---- artefacts ----------------------------------------------------------- */

typedef enum {
    DCN_EMIT_OBJ,
    DCN_EMIT_ASM,
    DCN_EMIT_LLVM_IR,
    DCN_EMIT_BITCODE,
    DCN_EMIT_HEADER,
    DCN_EMIT_STATIC_LIB,
    DCN_EMIT_SHARED_LIB,
} dcn_emit_kind;

/* One artefact of one kernel in memory, for opt->target.  *bytes is freed by free(). */
int dcn_emit(const dcn_spec *s, const dcn_options *opt, dcn_emit_kind kind, void **bytes,
             size_t *size, dcn_error *err);

/* dcn_emit for n targets of one triple, 1 to 16: opt[i] is about the i-th.  The code picks one of
** them when it is first called, for the CPU and the system it then runs on; the header tells how to
** ask for it. */
int dcn_emit_many(const dcn_spec *s, const dcn_options *opt, int n, dcn_emit_kind kind,
                  void **bytes, size_t *size, dcn_error *err);

/* What dcn_compile and dcn_emit would choose, and why, where it came from and what it means (a few
** lines); what and why may be NULL.  The store may have changed at the next call: hand the schedule
** on in the options where several artefacts of one kernel must agree. */
int dcn_explain(const dcn_spec *s, const dcn_options *opt, dcn_choice *what, char *why,
                size_t why_size, dcn_error *err);

/* ---- checking and timing ------------------------------------------------- */

typedef struct dcn_report {
    double worst; /* largest |got - want| / (atol + rtol*|want|) seen; passes when <= 1 */
    double max_abs;
    int64_t checked; /* output elements compared */
    int failures;    /* cases that did not pass */
    int cases;       /* inputs tried */
    /* The first failing case, with the element and both values; if none fails, the first that could not be
    ** compared, and why; else "". */
    char what[256];
    int64_t outputs; /* output elements that there were; more than checked where a sample was */
} dcn_report;

/* Compare the kernel with a plain double-precision reference on ordinary and adversarial offsets.
** 0 when it ran (read report->failures), -1 when it could not. */
int dcn_verify(const dcn_kernel *k, uint64_t seed, int threads, dcn_report *report, dcn_error *err);

typedef struct dcn_verify_options {
    uint64_t seed; /* of random tensors, and of which elements are compared */
    int threads;   /* 0: as dcn_execute chooses */
    int full;      /* 1: compare every element, however long the reference takes; 0: of a kernel of
                   ** more than 2e8 operations 1040 elements a case, and that all were written */
    /* NULL: random tensors on every case.  Else the one case to try: every input in calling order,
    ** in the kernel's dtype, weights not packed, and NULL for outputs; all borrowed.  An input that is NULL is
    ** random, as in the first of the cases. */
    const void *const *tensor;
    dcn_sizes sizes; /* of these tensors; what is static in the kernel must agree */
} dcn_verify_options;

/* As dcn_verify; opt may be NULL.  Where given tensors make the reference NaN or infinite, so must
** the kernel. */
int dcn_verify_with(const dcn_kernel *k, const dcn_verify_options *opt, dcn_report *report,
                    dcn_error *err);

typedef struct dcn_timing {
    double ns_median, ns_min, ns_max;
    double gflops;      /* dcn_spec_flops / ns_median */
    double peak_gflops; /* FMA peak of `threads` cores, measured in the same run */
    double peak_fraction;
    int peak_disturbed; /* 1: other work kept the machine busy whenever the peak was measured, so that
                        ** it is too low and peak_fraction too high */
    double bytes;       /* dcn_spec_bytes */
    int rounds;
} dcn_timing;

/* Time the kernel on random tensors, for about `seconds`.  offsets: zero, normal:STD in pixels, or
** an npy file; NULL: normal:2.  Dynamic sizes must have been bound before compiling. */
int dcn_bench(const dcn_kernel *k, int threads, double seconds, const char *offsets,
              dcn_timing *out, dcn_error *err);

typedef struct dcn_bench_options {
    int threads; /* 0: as dcn_execute chooses */
    double seconds;
    const char *offsets; /* as of dcn_bench */
    /* NULL: random tensors.  Else those that are not NULL take their place, as of dcn_verify_options:
    ** parameters of a network, so that its layers look where they will. */
    const void *const *tensor;
} dcn_bench_options;

/* As dcn_bench. */
int dcn_bench_with(const dcn_kernel *k, const dcn_bench_options *opt, dcn_timing *out,
                   dcn_error *err);

/* What tuning found is remembered in a store: see dcngen/cache.h. */

#ifdef __cplusplus
}
#endif
#endif
