/* onednn.c: oneDNN's plain convolution behind four calls, for peers.py.
**
** Compiled against whatever oneDNN 3 the comparison found; no part of dcngen's build.
**
** Layout 0 leaves the layout of every operand to the library, its best case; 1 is nchw, 2 nhwc.
** Turning operands from nchw into it, and back, is no part of a run.
** SPDX-License-Identifier: Apache-2.0
*/
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SRC, WEIGHTS, DST, OPERANDS };

typedef struct ConvProblem {
    int64_t batch, in_channels, height, width, out_channels, out_height, out_width;
    int64_t kernel[2], stride[2], dilation[2], padding[4], groups;
} ConvProblem;

typedef struct Plain {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_desc_t choice;
    dnnl_primitive_t primitive;
    dnnl_memory_t own[OPERANDS];       /* in the layout that the primitive wants */
    dnnl_memory_desc_t user[OPERANDS]; /* nchw, and weights as oihw or goihw */
} Plain;

static int describe(const ConvProblem *p, int layout, dnnl_memory_desc_t user[OPERANDS],
                    dnnl_memory_desc_t wanted[OPERANDS])
{
    const int64_t g = p->groups, in = p->in_channels / g, out = p->out_channels / g;
    const dnnl_dims_t src = { p->batch, p->in_channels, p->height, p->width };
    const dnnl_dims_t dst = { p->batch, p->out_channels, p->out_height, p->out_width };
    const dnnl_dims_t grouped = { g, out, in, p->kernel[0], p->kernel[1] };
    const dnnl_dims_t dense = { out, in, p->kernel[0], p->kernel[1] };
    const int64_t *dims[OPERANDS] = { src, g > 1 ? grouped : dense, dst };
    static const dnnl_format_tag_t tags[] = { dnnl_format_tag_any, dnnl_nchw, dnnl_nhwc };
    int bad = 0;
    for (int i = 0; i < OPERANDS; i++) {
        int rank = i == WEIGHTS && g > 1 ? 5 : 4;
        dnnl_format_tag_t plain = i != WEIGHTS ? dnnl_nchw : g > 1 ? dnnl_goihw : dnnl_oihw;
        dnnl_format_tag_t tag = i == WEIGHTS ? dnnl_format_tag_any : tags[layout];
        bad |= dnnl_memory_desc_create_with_tag(&user[i], rank, dims[i], dnnl_f32, plain);
        bad |= dnnl_memory_desc_create_with_tag(&wanted[i], rank, dims[i], dnnl_f32, tag);
    }
    return bad;
}

/* Copy between a user's array and the primitive's operand. */
static int exchange(Plain *c, int operand, void *array, int out)
{
    dnnl_memory_t user = NULL;
    dnnl_primitive_desc_t how = NULL;
    dnnl_primitive_t reorder = NULL;
    const_dnnl_memory_desc_t own;
    dnnl_memory_get_memory_desc(c->own[operand], &own);
    int bad = dnnl_memory_create(&user, c->user[operand], c->engine, array);
    bad |= out ? dnnl_reorder_primitive_desc_create(&how, own, c->engine, c->user[operand],
                                                    c->engine, NULL)
               : dnnl_reorder_primitive_desc_create(&how, c->user[operand], c->engine, own,
                                                    c->engine, NULL);
    bad = bad || dnnl_primitive_create(&reorder, how);
    dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, out ? c->own[operand] : user },
                               { DNNL_ARG_TO, out ? user : c->own[operand] } };
    bad = bad || dnnl_primitive_execute(reorder, c->stream, 2, args) || dnnl_stream_wait(c->stream);
    dnnl_primitive_destroy(reorder);
    dnnl_primitive_desc_destroy(how);
    dnnl_memory_destroy(user);
    return bad;
}

/* Memory that is there: writing it is no growth of the process. */
static int touch(dnnl_memory_t m)
{
    const_dnnl_memory_desc_t desc;
    void *data;
    if (dnnl_memory_get_memory_desc(m, &desc) || dnnl_memory_get_data_handle(m, &data))
        return 1;
    memset(data, 0xff, dnnl_memory_desc_get_size(desc));
    return 0;
}

/* Input and weight are copied.  NULL if the library will not do it. */
Plain *plain_open(const ConvProblem *p, int layout, float *input, float *weight)
{
    static const dnnl_query_t query[] = { dnnl_query_src_md, dnnl_query_weights_md,
                                          dnnl_query_dst_md };
    Plain *c = calloc(1, sizeof *c);
    dnnl_memory_desc_t wanted[OPERANDS];
    const dnnl_dims_t stride = { p->stride[0], p->stride[1] };
    const dnnl_dims_t dilate = { p->dilation[0] - 1, p->dilation[1] - 1 };
    const dnnl_dims_t before = { p->padding[0], p->padding[1] };
    const dnnl_dims_t after = { p->padding[2], p->padding[3] };
    int bad =
        !c || dnnl_engine_create(&c->engine, dnnl_cpu, 0) ||
        dnnl_stream_create(&c->stream, c->engine, dnnl_stream_default_flags) ||
        describe(p, layout, c->user, wanted) ||
        dnnl_convolution_forward_primitive_desc_create(
            &c->choice, c->engine, dnnl_forward_inference, dnnl_convolution_direct, wanted[SRC],
            wanted[WEIGHTS], NULL, wanted[DST], stride, dilate, before, after, NULL) ||
        dnnl_primitive_create(&c->primitive, c->choice);
    for (int i = 0; i < OPERANDS && !bad; i++)
        bad = dnnl_memory_create(&c->own[i], dnnl_primitive_desc_query_md(c->choice, query[i], 0),
                                 c->engine, DNNL_MEMORY_ALLOCATE);
    bad =
        bad || touch(c->own[DST]) || exchange(c, SRC, input, 0) || exchange(c, WEIGHTS, weight, 0);
    return bad ? NULL : c;
}

int plain_run(Plain *c)
{
    const dnnl_exec_arg_t args[] = { { DNNL_ARG_SRC, c->own[SRC] },
                                     { DNNL_ARG_WEIGHTS, c->own[WEIGHTS] },
                                     { DNNL_ARG_DST, c->own[DST] } };
    return dnnl_primitive_execute(c->primitive, c->stream, 3, args) || dnnl_stream_wait(c->stream);
}

/* The output as nchw. */
int plain_output(Plain *c, float *output)
{
    return exchange(c, DST, output, 1);
}

/* "3.2.0", and the name of the implementation that was chosen. */
void plain_describe(const Plain *c, char *buf, int size)
{
    const dnnl_version_t *v = dnnl_version();
    const char *how = "";
    dnnl_primitive_desc_query(c->choice, dnnl_query_impl_info_str, 0, (void *)&how);
    snprintf(buf, (size_t)size, "%d.%d.%d %s", v->major, v->minor, v->patch, how);
}
