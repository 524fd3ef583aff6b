/* program.h: a network, or its gradients, as a list of steps (codegen/steps).
**
** A part is an operator, a glue layer, or an edge, where a layout changes or gradients meet.  Layers that compute the
** same share one.  Parameters lie in one operand, each as its layer reads it.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_NETWORK_PROGRAM_H
#define DCN_CODEGEN_NETWORK_PROGRAM_H

#include "codegen/steps/steps.h"
#include "runtime/spec/network.h"

/* A change of layout of a value of that shape; both to false: a copy.  adds: a gradient is written, and
** may be added to what is there; its argument block is that of a kernel of gradients. */
typedef struct NetEdge {
    net_shape shape;
    bool to_nhwc, to_nchw, adds;
    bool clears; /* what is written are zeros, and nothing is read */
} NetEdge;

typedef struct ProgramPart {
    enum { PART_OPERATOR, PART_GLUE, PART_GLUE_BACK, PART_EDGE } kind;
    const net_layer *layer; /* the first that it is for; of an edge NULL */
    dcn_spec spec;          /* of an operator what it computes; of all its name and dtype */
    uint64_t digest;        /* of an operator: equal specs have equal ones */
    NetEdge edge;
    int times; /* steps that call it, where nothing is made again */
} ProgramPart;

/* What the gradients of a network need to know of layers and values before there are steps. */
typedef struct NetNeeds {
    int parameters;     /* number of grad_parameters among the operands; -1: it is not wanted */
    StepWanted *reach;  /* by value: the wanted gradients that its own leads to, or is */
    StepWanted *passes; /* by value: those that its own leads to */
    bool *back;         /* by value: it is read backwards */
    bool *known;        /* by value: that, or it leads to one that is */
    int *readers;       /* by value: arguments of layers that give it a gradient */
    /* By layer: 0, or the segment that it is in.  Of what the layers of a segment make, that alone is kept
    ** which a layer behind the segment reads; the others are made again when the walk backwards comes there. */
    int *segment;
    bool *kept; /* by value: a layer outside its segment reads it */
    /* By layer: it runs before the walk backwards begins; it runs when that comes there. */
    bool *first, *again;
} NetNeeds;

typedef struct NetProgram {
    StepList list;
    /* The network as it is compiled (runtime/network/part.h); that of the spec has the same operands. */
    dcn_network *net;
    ProgramPart *part; /* of each part of the list */
    StepPlace *value;  /* of the network, where it can be read */
    NetNeeds needs;    /* of gradients */
    int *order;        /* of outputs: the layers as they run */
    int *part_of;      /* by layer, forwards, then backwards: its part + 1; 0: not known yet */
} NetProgram;

/* The steps of a network's spec, which outlives them; NULL without memory.  Nothing has a place yet. */
NetProgram *program_open(const dcn_spec *s);
void program_close(NetProgram *p);

/* When the parts are emitted: the steps that keep to the network's bound of memory, and where everything
** lies.  -1 without memory.  1: the least that is found is plan_bytes, which is more than the bound. */
int program_fit(NetProgram *p);

/* ---- for whoever writes the steps -------------------------------------------------------------- */

/* The number of the part for a layer, for its gradients, or for an edge; gradients of an operator are
** those of its spec, as rt_wanted says it. */
int program_part_of_layer(NetProgram *p, int layer);
int program_part_of_gradients(NetProgram *p, int layer, rt_operand_set wanted);
int program_part_of_edge(NetProgram *p, const NetEdge *edge);

/* A new last step of a layer, or of an edge, -1. */
Step *program_add_step(NetProgram *p, int part, int layer);

/* A last step from one place to another. */
void program_add_edge(NetProgram *p, const NetEdge *edge, StepPlace from, StepPlace to);

/* A block for elements of the network's dtype that the last step writes. */
StepPlace program_new_block(NetProgram *p, int64_t elements);

/* A parameter as the last step reads it: operand number `operand` of its part, packed or as it is. */
StepPlace program_piece(NetProgram *p, int param, int operand, bool packed);

/* ---- forwards ---------------------------------------------------------------------------------- */

/* The steps that compute the outputs. */
void program_forward(NetProgram *p);

/* Whether a value lies outside as it does inside. */
bool program_is_plain(const net_value *v);

/* Inputs that can be read where they are; one that cannot; the steps of one layer. */
void program_take_inputs(NetProgram *p);
void program_convert_input(NetProgram *p, int value);
void program_add_layer(NetProgram *p, int number);

/* p->order: as the layers were written; so that less is live (order.c), -1 without memory. */
void program_order_as_written(NetProgram *p);
int program_order_by_bytes(NetProgram *p);

/* Lets layers write over arguments that nobody reads any more, when all steps are there. */
void program_overwrite(NetProgram *p);

/* ---- backwards --------------------------------------------------------------------------------- */

/* Fills p->needs, without segments; -1 without memory.  Then what follows from segments. */
int needs_open(NetProgram *p);
void needs_close(NetNeeds *n);
void needs_segments(NetProgram *p);

/* The gradients that that of an argument is on the way to; whether it is regions, which have none. */
StepWanted needs_reach(const NetProgram *p, const net_arg *a);
bool needs_is_rois(const net_arg *a);

/* The arguments of an operator's layer by operand, -1 where there is none; the operands whose gradients lead
** to a wanted one. */
void needs_arguments(const net_layer *l, int arg[RT_NUM_PLAIN]);
rt_operand_set needs_wanted(const NetProgram *p, const net_layer *l, const int arg[RT_NUM_PLAIN]);

/* Bit of the gradient of a value that a layer makes, if that itself is wanted. */
StepWanted needs_inner(const NetProgram *p, int value);

/* Among the operands of the network's kernel: the gradient of what stands at a position. */
int needs_grad_operand(const NetProgram *p, int position);

/* The steps that compute the gradients.  -1 without memory. */
int program_backward(NetProgram *p);

/* The steps whose plan keeps to the network's bound of memory; otherwise as program_fit. */
int program_recompute(NetProgram *p);

/* All steps, anew; parts are those that there are.  -1 without memory. */
int program_write(NetProgram *p);

/* ---- emitting ---------------------------------------------------------------------------------- */

/* The functions of an edge: as those of a glue layer, with the arguments { from, to }. */
void edge_emit(Emit *e, Kernel *kernel, const NetEdge *edge, LLVMValueRef transpose);
PhaseCost edge_cost(const NetEdge *edge, int fp_bytes); /* of its one phase */

#endif
