/* test_transpose.c: matrices of every small size are transposed, and nothing around them is written.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/ir/transpose.h"
#include "tests/unit/emit/jit.h"

#include <criterion/criterion.h>

enum { MOST = 37, GAP = 3, ROOM = MOST * (MOST + GAP) };

/* in: rows and cols, then a matrix whose rows are GAP elements apart; so are those of the output. */
typedef struct Matrix {
    int64_t rows, cols;
    double element[ROOM];
} Matrix;

static addr member(Emit *e, size_t at)
{
    return p_at_bytes(e, jit_in(e), x_const(e, (int64_t)at));
}

static void emit_one_transpose(Emit *e)
{
    LLVMValueRef f = e->fn;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(e->b);
    LLVMValueRef fn = emit_transpose(e);
    e->fn = f;
    LLVMPositionBuilderAtEnd(e->b, here);
    Transpose t = { .from = member(e, offsetof(Matrix, element)), .to = jit_out(e) };
    t.rows = p_get_i64(e, member(e, offsetof(Matrix, rows)));
    t.cols = p_get_i64(e, member(e, offsetof(Matrix, cols)));
    t.from_step = x_addk(e, t.cols, GAP);
    t.to_step = x_addk(e, t.rows, GAP);
    call_transpose(e, fn, &t);
}

static double get(const void *all, dcn_dtype dtype, int64_t i)
{
    return dtype == DCN_F32 ? (double)((const float *)all)[i] : ((const double *)all)[i];
}

static void put(void *all, dcn_dtype dtype, int64_t i, double x)
{
    if (dtype == DCN_F32)
        ((float *)all)[i] = (float)x;
    else
        ((double *)all)[i] = x;
}

/* Elements of the output that are not what they should be. */
static int wrong(const double *out, dcn_dtype dtype, int64_t rows, int64_t cols)
{
    int bad = 0;
    for (int64_t i = 0; i < ROOM; i++) {
        int64_t x = i / (rows + GAP), y = i % (rows + GAP);
        bad += get(out, dtype, i) != (double)(x < cols && y < rows ? y * (cols + GAP) + x : -1);
    }
    return bad;
}

static void check_sizes(dcn_dtype dtype, const dcn_target *t, int lanes)
{
    static Matrix in;
    static double out[ROOM];
    Jit j;
    emit_one_transpose(jit_begin(&j, dtype, t, lanes));
    jit_end(&j);
    for (int i = 0; i < ROOM; i++)
        put(in.element, dtype, i, i);
    for (in.rows = 0; in.rows <= MOST; in.rows++)
        for (in.cols = 0; in.cols <= MOST; in.cols++) {
            for (int i = 0; i < ROOM; i++)
                put(out, dtype, i, -1);
            j.fn(&in, out, 0);
            int bad = wrong(out, dtype, in.rows, in.cols);
            cr_expect_eq(bad, 0, "%d x %d, %d lanes on %s: %d elements are wrong", (int)in.rows,
                         (int)in.cols, lanes, t->isa, bad);
        }
    jit_free(&j);
}

Test(transpose, every_size)
{
    dcn_target t;
    for (int i = 0; jit_target(i, &t) == 0; i++)
        for (int lanes = 1; lanes <= 16; lanes *= 2) {
            check_sizes(DCN_F32, &t, lanes);
            check_sizes(DCN_F64, &t, lanes);
        }
}
