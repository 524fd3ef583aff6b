/* backward.h: what gradients of a network are on the way to, and what they read.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CODEGEN_NETWORK_BACKWARD_H
#define DCN_CODEGEN_NETWORK_BACKWARD_H

#include "codegen/network/program.h"

typedef struct NetBackward {
    NetProgram *p;
    const dcn_network *net;
    int parameters;    /* number of grad_parameters among the operands; -1: it is not wanted */
    NetWanted *reach;  /* by value: the gradients that its own is on the way to */
    NetWanted *passes; /* those of it without its own */
    bool *known;       /* by value: it is read backwards, or leads to one that is */
    bool *is_read;     /* by value: some layer gives it a gradient */
    NetPlace *grad;    /* by value; nowhere: nobody has written it yet */
} NetBackward;

/* Fills reach, passes, known and is_read, which are zeros. */
void back_find(NetBackward *b);

NetWanted back_bit(int operand);

/* Among the operands of the network's kernel: the gradient of an operand. */
int back_operand(const NetBackward *b, int position);

/* Bit of the gradient of a value that a layer makes, if that itself is wanted. */
NetWanted back_inner(const NetBackward *b, int value);

/* The gradients that that of an argument is on the way to. */
NetWanted back_reach(const NetBackward *b, const net_arg *a);

/* Of an operator's layer: its arguments by operand, -1 where there is none. */
void back_arguments(const net_layer *l, int arg[RT_NUM_PLAIN]);

/* The operands of an operator's layer that are wanted gradients of. */
rt_operand_set back_wanted(const NetBackward *b, const net_layer *l, const int arg[RT_NUM_PLAIN]);

#endif
