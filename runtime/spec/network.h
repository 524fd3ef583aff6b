/* network.h: a network as data: values, the layers that make them, and its parameters.
**
** A value is a map of [n][h][w][c] elements, channels innermost, whatever layout the outside has; a
** matrix, as rois, is a map of one pixel per row: n rows, c columns, h = w = 1.  A layer makes one value
** from others.  Layers stand in an order in which they can run.  All sizes are numbers.
**
** As a kernel (dcn_spec of DCN_OP_NETWORK) a network has these operands: its inputs in the order in
** which they were made; `parameters`, if there are any, the plain parameters one after another as one
** vector of role DCN_WEIGHT; its outputs, in the order of their names.  In rt_operands each of these is
** known by its position among them instead of by a name, and its gradient by rt_grad_of of that.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_RUNTIME_SPEC_NETWORK_H
#define DCN_RUNTIME_SPEC_NETWORK_H

#include "runtime/spec/activation.h"
#include "runtime/spec/operands.h"

#include <dcngen/error.h>

/* NET_NAME_MAX: names of layers may have dots: "stages.0.blocks.1.dcn". */
enum {
    NET_NAME_MAX = 128,
    NET_MAX_LAYERS = 4096,
    NET_MAX_VALUES = NET_MAX_LAYERS + 1024,   /* of a graph, inputs included */
    NET_MAX_ARGS = 64,                        /* of one layer */
    NET_MAX_OPERANDS = 20,                    /* inputs and outputs of a network, each */
    NET_MAX_PLAIN = 2 * NET_MAX_OPERANDS + 1, /* both, and the parameters */
    NET_GRAD_NAME_MAX = DCN_NAME_MAX + 8
};
_Static_assert((int)NET_MAX_PLAIN <= (int)RT_NUM_PLAIN, "a position is an rt_operand");
_Static_assert(3 * NET_MAX_OPERANDS + 2 <= 64, "a call has a bit for each operand of gradients");

/* What a layer does.  a and b are its first two values; p runs over pixels, c over channels. */
typedef enum {
    NET_OPERATOR,   /* `spec`, of the family or a convolution; its schedule is its own */
    NET_ADD,        /* act(a + b); b is like a, or has h = w = 1, or n = 1, or both */
    NET_MUL,        /* act(a * b * scale); b as above, or with c = 1 (a weight for each pixel), or a
                    ** parameter `weight` of [c], or absent */
    NET_CONCAT,     /* channels of all arguments, one after another */
    NET_SLICE,      /* channels from `from` to from + count - 1 of a */
    NET_ACTIVATION, /* act(a) */
    NET_LAYER_NORM, /* act((a - mean)/sqrt(variance + eps) * weight + bias), over the channels of a pixel */
    NET_MAX_POOL, /* largest in the window; padding is no pixel */
    NET_AVG_POOL, /* mean of the window, see `pool` */
    NET_RESIZE,   /* to size[0] rows and size[1] columns, see `resize` */
    NET_RESHAPE, /* the same elements in the order of [n][c][h][w], in size[0] rows and size[1] columns; a or
                  ** what is made has h = w = 1 */
    NET_BLEND, /* a*(1 - s) + b*s, s = sigmoid(c); c has a channel for each group of theirs */
    NET_NUM_KINDS
} net_kind;

typedef struct net_shape {
    int64_t n, h, w, c;
} net_shape;

/* A window, with sizes as in dcn_spec, and how a pool counts; PyTorch's words and rules. */
typedef struct net_pool {
    int kernel[2], stride[2], padding[4], dilation[2]; /* dilation of max_pool2d only */
    bool ceil_mode, count_include_pad;
    bool adaptive; /* of avg_pool2d: output_size was given; bins as nn.AdaptiveAvgPool2d */
} net_pool;

/* PyTorch's F.interpolate. */
typedef struct net_resize {
    enum { NET_NEAREST, NET_BILINEAR } mode;
    bool align_corners;
} net_resize;

/* What a layer reads under a name: a value, or a parameter; the other one is -1.  A parameter from
** dcn_network.nparams on is one of its zeros. */
typedef struct net_arg {
    /* A string constant: of an operator as dcn_spec_tensors calls it; else "a", "b", "c", "weight", "bias"; of a
    ** concat all are "a". */
    const char *operand;
    int value, param;
} net_arg;

typedef struct net_layer {
    net_kind kind;
    char name[NET_NAME_MAX];  /* "" until the network is made, if none was given */
    dcn_spec *spec;           /* of an operator: complete and checked, nhwc; owned.  Else NULL */
    rt_activation activation; /* of the other kinds */
    double scale, eps;
    int64_t from, count;
    net_pool pool;
    net_resize resize;
    int64_t size[2]; /* of a resize, reshape, adaptive pool: rows and columns that it makes */
    bool is_linear;  /* a 1x1 convolution whose weight is [out][in] to whoever names parameters */
    int nargs;
    net_arg arg[NET_MAX_ARGS]; /* of an operator in the order of dcn_spec_tensors */
    int out;                   /* the value it makes */
    int source;                /* where it was written: whatever the maker wants to find it by */
} net_layer;

typedef struct net_value {
    char name[NET_NAME_MAX]; /* of an input or an output as users call it, else "" */
    net_shape shape;
    dcn_dtype dtype;
    int layer;         /* that makes it; -1: it is an input */
    dcn_layout layout; /* of an input or an output: how it lies outside */
    int rank;          /* of it outside: 4, or 2, a matrix [n][c] */
    bool still;        /* a number to gradients: none goes on to what it is made of */
} net_value;

/* A tensor that a layer reads and that is no value: in PyTorch's layout, called LAYER.TENSOR. */
typedef struct net_param {
    char name[NET_NAME_MAX + DCN_NAME_MAX];
    int layer, arg; /* which of its arguments it is */
    int rank;
    int64_t dims[DCN_MAX_RANK];
    int64_t at, count; /* elements, from the beginning of `parameters` */
    bool packed;       /* role DCN_WEIGHT in its layer's spec */
    /* The gradient of a wanted one is in grad_parameters, at grad_at: of all, unless net_want_gradients said less. */
    bool wanted;
    int64_t grad_at;
} net_param;

/* Counted by references: a spec of a network borrows one, dcn_module and dcn_kernel hold one each. */
typedef struct dcn_network {
    dcn_dtype dtype;
    int nvalues, nlayers, nparams;
    net_value *value; /* inputs first, then in the order of the layers */
    net_layer *layer;
    net_param *param; /* in the order of layers and of their arguments */
    /* Behind the parameters in `param`, for operands that an operator has and nobody gave a tensor (the shift
    ** beside a scale that was a product): `count` zeros each, of no name and not in `parameters`. */
    int nzeros;
    int ninputs; /* values 0 .. ninputs-1 */
    int noutputs;
    int output[NET_MAX_OPERANDS]; /* values */
    char output_name[NET_MAX_OPERANDS][DCN_NAME_MAX];
    char grad_name[NET_MAX_PLAIN][NET_GRAD_NAME_MAX]; /* "grad_" and the name, by position */
    int64_t parameters, grad_parameters; /* elements of all parameters; of the wanted ones */
    /* Values that layers make and whose gradients are wanted, in nhwc.  They are no operands; their positions
    ** are those after the outputs. */
    int ninner, inner[NET_MAX_PLAIN];
    /* The most bytes that the workspace of gradients may take on one thread, further threads adding their own
    ** tiles; what does not fit is computed again.  0: as many as it takes. */
    int64_t memory;
    /* Not NULL: values of all parameters, in the dtype and order of `parameters`, which is then no operand:
    ** they are part of the code.  Borrowed: whoever sets it keeps them for as long as the network. */
    const void *constants;
    int64_t refs; /* atomic */
} dcn_network;

dcn_network *net_hold(const dcn_network *n); /* returns n, which it casts the const from */
void net_release(dcn_network *n);            /* NULL is allowed */
/* One reference, nothing else shared; NULL without memory. */
dcn_network *net_copy(const dcn_network *n);

int64_t net_elements(net_shape s);
bool net_same_shape(net_shape a, net_shape b);

/* The operands of the kernel that computes the outputs, as said above; tensors' names are borrowed from
** the network.  Of no network there are none. */
void net_add_operands(rt_operands *l);

/* The gradients of the inner values that are wanted, behind those of operands. */
void net_add_inner_gradients(rt_operands *l);
int net_inner_at(const dcn_network *n, int inner); /* the position of one */

/* Position of `parameters` among the operands; -1: there are none. */
int net_parameters_at(const dcn_network *n);

/* The name of an operand, or of the gradient of one; and of a gradient the tensor, which has the wanted
** parameters only. */
const char *net_operand_name(const dcn_network *n, rt_operand which);
dcn_tensor net_gradient_tensor(const dcn_network *n, rt_operand plain, dcn_tensor t);

/* The value that a position stands for; -1: it is the parameters. */
int net_value_at(const dcn_network *n, int position);

/* The positions that have a gradient: inputs that reach an output in another way than as rois, the
** parameters, and the inner values that are wanted. */
rt_operand_set net_differentiable(const dcn_network *n);

/* Whether the gradient of an output reaches the value that a layer makes, whoever reads it. */
bool net_reaches_output(const dcn_network *n, int value);

/* Operations, counted as dcn_spec_flops does: of operators what that says, of the others one for each
** element that is read. */
double net_flops(const dcn_network *n);
double net_layer_flops(const dcn_network *n, const net_layer *layer);

/* Text of the language that makes this network again, malloc'ed; NULL without memory. */
char *net_print(const dcn_spec *s);

#endif
