/* emit.h: the vocabulary in which kernels are written.
**
** A page of emitter code should read like the formula it emits.  So the kinds of value are different C types (mixing
** them up does not compile), and each operation is one short word whose prefix is the kind that it works on:
**
**     f_  float lanes     i_  i32 lanes       b_  bit patterns of floats    m_  masks of lanes
**     x_  scalar i64      c_  conditions      p_  pointers, memory          v_  variables of loops
**     e_  the emitter itself: modules, functions, calls
**
** C control flow runs while the kernel is generated; EMIT_FOR, EMIT_FOR_OPAQUE, EMIT_VECTORS, EMIT_IF and EMIT_IF_ELSE
** run in the kernel, and EMIT_TYPE and EMIT_LANES set what vectors are.  They are the only control macros, and each is
** a C loop around its block: leave the block by its end or by `continue`, which ends it, never by `break` or `return`.
** Nothing here returns an error: legality is settled before emission starts (see lowering.h), and the module is
** verified once, at the end.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_EMIT_H
#define DCN_CODEGEN_EMIT_H

#include <dcngen.h>
#include <llvm-c/Core.h>
#include <stdbool.h>

/* At least the lanes of any vector: bytes of the longest registers. */
enum { EMIT_MAX_LANES = 64 };

/* Lane values have e->lanes lanes. */
typedef struct {
    LLVMValueRef v;
} fvec; /* floats of the kernel's dtype */
typedef struct {
    LLVMValueRef v;
} ivec; /* i32: positions and element offsets */
typedef struct {
    LLVMValueRef v;
} bvec; /* integers as wide as the floats: exponents and bit patterns */
typedef struct {
    LLVMValueRef v;
} mask; /* i1; v == NULL means every lane is live */
static const mask all_lanes = { NULL };
typedef struct {
    LLVMValueRef v;
} addr; /* a pointer */
typedef struct {
    LLVMValueRef v;
} idx; /* scalar i64: counters, extents, element offsets */
typedef struct {
    LLVMValueRef v;
} cond; /* scalar i1 */

/* Float types that can be computed with, for tables with a row for each. */
typedef enum { FLOAT_F32, FLOAT_F64, NFLOATS } FloatKind;

/* What floats are: their bytes (4 or 8), how many lanes, and whether sums may not be contracted. */
typedef struct LaneType {
    int fp_bytes, lanes;
    bool exact;
} LaneType;

typedef struct Emit {
    LLVMContextRef ctx;
    LLVMModuleRef mod;
    LLVMBuilderRef b;
    LLVMValueRef fn; /* the function being written */
    const dcn_target *target;
    const struct Isa *isa; /* its class, see codegen/target/table.h */
    int lanes, fp_bytes;
    FloatKind kind;                              /* what fp is */
    LLVMTypeRef fp, i1, i8, i32, i64, ptr, none; /* scalars; fp is the kernel's dtype */
    LLVMTypeRef vf, vi, vb, vm;                  /* lanes of fp, i32, bit patterns, i1 */
    bool exact;                                  /* a*b + c is rounded twice, as it is written */
    int open_blocks;                             /* must be 0 when a function is finished */
    LaneType outside;                            /* what e_fn_end goes back to */
} Emit;

/* ---- setting up ------------------------------------------------------------ */

/* A module for a dtype at the full vector width of the target.  e_close disposes of the builder;
** the module and its context go to the caller. */
void e_open(Emit *e, const char *name, dcn_dtype dtype, const dcn_target *t);
void e_close(Emit *e);
/* Nobody will read the IR: values need no names. */
void e_discard_names(Emit *e);
/* What is emitted from here on is for another target of the same architecture; e_set_type gives it its vectors. */
void e_set_target(Emit *e, const dcn_target *t);

/* What floats are in everything emitted from here on; returns the old type.  Kernels use EMIT_TYPE and e_fn_lanes. */
LaneType e_set_type(Emit *e, LaneType now);

/* Begin a function; parameter i is then e_arg_*(e, i), but see call.h for parameters with names.  Pointer
** parameters of internal functions are noalias: pass each buffer once.  internal: visible in this module only.
** Its end restores the lanes and the float type that were in force at its beginning. */
LLVMValueRef e_fn_begin(Emit *e, const char *name, bool internal, LLVMTypeRef result, int nargs,
                        const LLVMTypeRef *args);
idx e_arg_idx(Emit *e, int i);
addr e_arg_addr(Emit *e, int i);
LLVMValueRef e_call_fn(Emit *e, LLVMValueRef fn, int nargs, const LLVMValueRef *args);
/* LLVM's attributes of a function: a word ("cold"), or a key with a value ("target-cpu"). */
void e_fn_attr(Emit *e, LLVMValueRef fn, const char *name);
void e_fn_attr_str(Emit *e, LLVMValueRef fn, const char *key, const char *value);
/* The number of lanes in the rest of the function. */
void e_fn_lanes(Emit *e, int lanes);
void e_fn_end(Emit *e);            /* ends a function without a result */
void e_return(Emit *e, idx value); /* ends one with a result */

/* Call an overloaded intrinsic by its root name ("llvm.fma", not "llvm.fma.v8f32"). */
LLVMValueRef e_intrinsic(Emit *e, const char *name, LLVMTypeRef *over, int nover,
                         LLVMValueRef *args, int nargs);
LLVMValueRef e_splat(Emit *e, LLVMValueRef scalar);

/* Names in printed IR, of a value or of the block being written.  They change no code, and cost nothing where nobody
** will read them (e_discard_names). */
void e_name(Emit *e, LLVMValueRef v, const char *name);
void e_name_block(Emit *e, const char *name);
idx x_named(Emit *e, const char *name, idx a);
addr p_named(Emit *e, const char *name, addr p);

/* ---- float lanes -------------------------------------------------------------- */

fvec f_const(Emit *e, double k);
fvec f_add(Emit *e, fvec a, fvec b);
fvec f_sub(Emit *e, fvec a, fvec b);
fvec f_mul(Emit *e, fvec a, fvec b);
fvec f_div(Emit *e, fvec a, fvec b);
fvec f_neg(Emit *e, fvec a);
fvec f_abs(Emit *e, fvec a);
fvec f_floor(Emit *e, fvec a);
fvec f_sqrt(Emit *e, fvec a);
fvec f_ceil(Emit *e, fvec a);
fvec f_round(Emit *e, fvec a);               /* half away from zero */
fvec f_convert(Emit *e, fvec a);             /* lanes of either float type to the type in force */
fvec f_fma(Emit *e, fvec a, fvec b, fvec c); /* a*b + c; rounded twice on targets without FMA */
fvec f_min(Emit *e, fvec a, fvec b);         /* b when a is NaN */
fvec f_max(Emit *e, fvec a, fvec b);         /* b when a is NaN */
fvec f_select(Emit *e, mask m, fvec yes, fvec no);
/* Lane i of the result is lane from[i] of a, or of a followed by b. */
fvec f_permute(Emit *e, fvec a, const int *from);
/* Lanes from on of a vector of more lanes than those in force. */
fvec f_part(Emit *e, fvec a, int from);
fvec f_shuffle(Emit *e, fvec a, fvec b, const int *from);
/* Lanes from, from+2, ... of a followed by b. */
fvec f_deinterleave(Emit *e, fvec a, fvec b, int from);
/* `each` lanes of a, `each` of b, and so on, from their lower or their upper halves. */
fvec f_interleave(Emit *e, fvec a, fvec b, int each, bool upper);
/* a, behind an optimisation barrier: LLVM may not fold a shuffle of it into loads of single lanes. */
fvec f_opaque(Emit *e, fvec a);
/* Horizontal sum, maximum and minimum, in every lane.  The sum may be taken in any order; lanes that are NaN do not
** count for the maximum and the minimum. */
fvec f_hadd(Emit *e, fvec a);
fvec f_hmax(Emit *e, fvec a);
fvec f_hmin(Emit *e, fvec a);
mask f_less(Emit *e, fvec a, fvec b);       /* ordered: false when either is NaN */
mask f_equal(Emit *e, fvec a, fvec b);      /* ordered */
mask f_less_equal(Emit *e, fvec a, fvec b); /* a <= b, ordered */
mask f_is_nan(Emit *e, fvec a);
ivec f_to_i(Emit *e, fvec a); /* whole numbers only; poison outside the range of i32 */
fvec i_to_f(Emit *e, ivec a);
bvec f_bits(Emit *e, fvec a);
fvec b_float(Emit *e, bvec a); /* the float with this bit pattern */

/* ---- integer lanes and masks ------------------------------------------------- */

ivec i_const(Emit *e, int k);
ivec i_lane(Emit *e);                 /* 0, 1, 2, ... */
ivec i_consts(Emit *e, const int *k); /* one constant per lane */
ivec i_splat(Emit *e, idx s);         /* low 32 bits of s in every lane */
idx i_first(Emit *e, ivec a);         /* lane 0 */
ivec i_add(Emit *e, ivec a, ivec b);
ivec i_sub(Emit *e, ivec a, ivec b);
ivec i_mul(Emit *e, ivec a, ivec b);
ivec i_min(Emit *e, ivec a, ivec b); /* signed */
ivec i_max(Emit *e, ivec a, ivec b);
ivec i_select(Emit *e, mask m, ivec yes, ivec no);
mask i_equal(Emit *e, ivec a, ivec b);
mask i_less(Emit *e, ivec a, ivec b);  /* signed */
mask i_below(Emit *e, ivec a, ivec n); /* 0 <= a < n */
bvec b_const(Emit *e, int64_t k);
bvec b_and(Emit *e, bvec a, bvec b);
bvec b_or(Emit *e, bvec a, bvec b);
bvec b_shl(Emit *e, bvec a, int n);
mask m_and(Emit *e, mask a, mask b);
mask m_or(Emit *e, mask a, mask b);
mask m_not(Emit *e, mask a);
mask m_all(Emit *e);          /* an explicit mask of ones */
mask m_first(Emit *e, int n); /* constant: lanes below n */
/* The first n lanes: a vector of n elements that are left, or more; a whole one has no mask. */
static inline mask m_up_to(Emit *e, int n)
{
    return n < e->lanes ? m_first(e, n) : all_lanes;
}
mask m_below(Emit *e, idx n); /* lanes below n at run time */

/* ---- scalars ------------------------------------------------------------------ */

idx x_const(Emit *e, int64_t k);
bool x_is_const(idx a, int64_t k);     /* a is the constant k while generating */
int64_t x_value(idx a, int64_t other); /* what a is, if it is a constant; else the other */
idx x_add(Emit *e, idx a, idx b);
idx x_sub(Emit *e, idx a, idx b);
idx x_mul(Emit *e, idx a, idx b);
idx x_div(Emit *e, idx a, idx b); /* both >= 0 */
idx x_rem(Emit *e, idx a, idx b);
idx x_min(Emit *e, idx a, idx b);
idx x_max(Emit *e, idx a, idx b);
idx x_addk(Emit *e, idx a, int64_t k);
idx x_mulk(Emit *e, idx a, int64_t k);
idx x_ceil_div(Emit *e, idx a, int64_t by); /* a / by, rounded up; a >= 0, by > 0 */
idx x_round_up(Emit *e, idx a, int64_t to);
idx x_and(Emit *e, idx a, idx b);
idx x_or(Emit *e, idx a, idx b);
idx x_field(Emit *e, idx a, unsigned shift, uint64_t bits); /* a >> shift & bits, unsigned */
idx x_select(Emit *e, cond c, idx yes, idx no);
/* a, behind an optimisation barrier that costs nothing: what is computed from it stays where it stands. */
idx x_opaque(Emit *e, idx a);
cond x_less(Emit *e, idx a, idx b);
cond x_equal(Emit *e, idx a, idx b);
cond c_and(Emit *e, cond a, cond b);
cond c_not(Emit *e, cond a);
cond c_any(Emit *e, mask m); /* m.v != NULL: whether some lane is set */

/* ---- memory --------------------------------------------------------------------
** `at` counts elements of the kernel's dtype, unless the name says otherwise. */

addr p_at(Emit *e, addr p, idx at);
/* Does what p_at does where the address may lie outside of what p points into: a masked load whose first lanes are
** dead. */
addr p_at_loose(Emit *e, addr p, idx at);
addr p_at_bytes(Emit *e, addr p, idx bytes);
addr p_at_i32(Emit *e, addr p, idx at);
addr p_at_word(Emit *e, addr p, idx at); /* words of 8 bytes: an i64, or a pointer on any machine */
fvec p_load(Emit *e, addr p, mask live); /* dead lanes are not read and are 0 */
void p_store(Emit *e, addr p, fvec x, mask live);
fvec p_splat(Emit *e, addr p); /* one element in every lane */
/* An equal part of a vector from each; parts: a power of two. */
fvec p_load_parts(Emit *e, const addr *from, int parts);
fvec p_broadcast(Emit *e, addr p, int n); /* n elements over and over; n divides the lanes */
void p_store_part(Emit *e, addr p, fvec x, int from, int n); /* lanes from .. from+n-1 */
/* Lane 0 of each, lane 1 of each, ...; the second at entry `entry` of p, which are four elements each, in steps that
** LLVM does not take apart again to join them with what made x. */
void p_store_interleaved4(Emit *e, addr p, const fvec x[4]);
void p_store_interleaved4_opaque(Emit *e, addr p, idx entry, const fvec x[4]);
ivec p_load_i32(Emit *e, addr p);
void p_store_i32(Emit *e, addr p, ivec x);
idx p_get_i32(Emit *e, addr p); /* one i32, sign-extended */
idx p_get_i64(Emit *e, addr p);
void p_put_i64(Emit *e, addr p, idx x);
addr p_get_addr(Emit *e, addr p); /* one pointer, in a word */
void p_put_addr(Emit *e, addr p, addr x);
/* p[at] in each live lane, 0 in the others, which are not read */
fvec p_gather(Emit *e, addr p, ivec at, mask live);
/* p[at] = x in each live lane */
void p_scatter(Emit *e, addr p, ivec at, fvec x, mask live);
void p_scatter_i32(Emit *e, addr p, ivec at, ivec x); /* at counts i32 */
void p_prefetch(Emit *e, addr p, int level);          /* 1 = L1 ... 3 = L3; 0: L1, to be written */
/* Store a whole vector past the caches; p is a multiple of its bytes.  Other threads see such stores
** after p_store_nt_end. */
void p_store_nt(Emit *e, addr p, fvec x);
void p_store_nt_end(Emit *e);
cond p_is_null(Emit *e, addr p);
cond p_is_aligned(Emit *e, addr p, int64_t bytes);
/* One element moved or cleared (scalars of the kernel's dtype). */
void p_copy_one(Emit *e, addr to, addr from);
void p_zero_one(Emit *e, addr to);

/* Constants beside the code, at most EMIT_TABLE_LIMIT of them; EMIT_TABLE_MAX suits most tables. */
enum { EMIT_TABLE_MAX = 1024, EMIT_TABLE_LIMIT = 4096 + EMIT_MAX_LANES };
addr p_table(Emit *e, const double *k, int n);
addr p_table_i32(Emit *e, const int *k, int n);
/* Bytes, which are copied, that begin at a multiple of `align`. */
addr p_constant(Emit *e, const void *bytes, size_t size, unsigned align);

/* Values that change in loops: kept in the frame, promoted to registers by sroa. */
typedef struct {
    LLVMValueRef slot;
    LLVMTypeRef type;
} var;
var v_float(Emit *e, fvec init); /* takes the lanes in force */
fvec v_get(Emit *e, var x);
void v_set(Emit *e, var x, fvec value);
var v_ints(Emit *e, ivec init);
ivec v_ints_get(Emit *e, var x);
void v_ints_set(Emit *e, var x, ivec value);
var v_index(Emit *e, idx init);
idx v_index_get(Emit *e, var x);
void v_index_set(Emit *e, var x, idx value);
addr p_alloca(Emit *e, int n); /* n words in the frame */

/* ---- blocks --------------------------------------------------------------------- */

/* A variable of the block macros, by the line so that blocks nest. */
#define EMIT_JOIN(a, b)   a##b
#define EMIT_JOINED(a, b) EMIT_JOIN(a, b)
#define EMIT_UNIQUE(name) EMIT_JOINED(name, __LINE__)

typedef struct Loop {
    idx at; /* the counter, as the body sees it */
    bool open, straight;
    idx counter, to;
    int64_t step;
    LLVMBasicBlockRef body, exit;
} Loop;
/* name: of the counter and the blocks in printed IR; the macros pass what their variable is called. */
Loop loop_begin(Emit *e, const char *name, idx from, idx to, int64_t step);
Loop loop_begin_opaque(Emit *e, const char *name, idx from, idx to, int64_t step);
void loop_end(Emit *e, Loop *l);
/* for (i.at = from; i.at < to; i.at += step) */
#define EMIT_FOR(e, i, from, to, step)                                                             \
    for (Loop i = loop_begin(e, #i, from, to, step); i.open; loop_end(e, &i))

/* EMIT_FOR with a counter that is opaque to strength reduction, for large bodies: addresses that depend on i are
** computed anew each time.  LLVM would spend more on finding out how to step them than on all the rest of the loop. */
#define EMIT_FOR_OPAQUE(e, i, from, to, step)                                                      \
    for (Loop i = loop_begin_opaque(e, #i, from, to, step); i.open; loop_end(e, &i))

/* Vector steps over 0 <= at < extent: whole vectors with live.v == NULL, then, if lanes does not
** divide the extent, one masked step.  The block is emitted once or twice. */
typedef struct VecLoop {
    const char *name;
    idx at;
    mask live;
    int part, parts;
    idx extent, split;
    Loop loop;
} VecLoop;
VecLoop vectors_begin(Emit *e, const char *name, idx extent);
void vectors_next(Emit *e, VecLoop *t);
#define EMIT_VECTORS(e, t, extent)                                                                 \
    for (VecLoop t = vectors_begin(e, #t, extent); t.part < t.parts; vectors_next(e, &t))

/* In the block floats are of another type, or vectors of another width; afterwards they are what they were.  Positions
** that decide which pixel is read are worked out as the reference does, in f64 and uncontracted. */
typedef struct TypeScope {
    LaneType outer;
    bool open;
} TypeScope;
#define EMIT_TYPE(e, type)                                                                         \
    for (TypeScope EMIT_UNIQUE(type_) = { e_set_type(e, type), 1 }; EMIT_UNIQUE(type_).open;       \
         EMIT_UNIQUE(type_).open = 0, e_set_type(e, EMIT_UNIQUE(type_).outer))
#define EMIT_LANES(e, n) EMIT_TYPE (e, ((LaneType){ (e)->fp_bytes, n, (e)->exact }))

/* EMIT_IF runs its block when c holds.  EMIT_IF_ELSE emits its block twice: b.yes tells for which arm. */
typedef struct Branch {
    bool yes;
    int arm, arms;
    LLVMBasicBlockRef other, exit;
} Branch;
Branch branch_begin(Emit *e, const char *name, cond c, int arms);
void branch_next(Emit *e, Branch *b);
#define EMIT_IF(e, c)                                                                              \
    for (Branch EMIT_UNIQUE(if_) = branch_begin(e, "if", c, 1);                                    \
         EMIT_UNIQUE(if_).arm < EMIT_UNIQUE(if_).arms; branch_next(e, &EMIT_UNIQUE(if_)))
#define EMIT_IF_ELSE(e, b, c)                                                                      \
    for (Branch b = branch_begin(e, #b, c, 2); b.arm < b.arms; branch_next(e, &b))

/* What is done to the vector of elements `at` ..; over 0 <= at < count, `unroll` of them at a time. */
typedef void (*EmitVector)(Emit *e, const void *self, idx at, mask live);
void e_run(Emit *e, idx count, int unroll, EmitVector body, const void *self);

/* What follows from a number, without a chain of comparisons: each switch_case begins the block for from <= on < to,
** which ends where the next one begins, or at switch_end.  Other numbers have none. */
typedef struct Switch {
    LLVMValueRef on;
    LLVMBasicBlockRef exit;
    bool in_case;
} Switch;
Switch switch_begin(Emit *e, idx on, int ncases);
void switch_case(Emit *e, Switch *s, const char *name, int from, int to);
void switch_end(Emit *e, Switch *s);

#endif
