/* operands.h: a user's tensors for one kernel, from files to memory and back.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_CLI_LOAD_OPERANDS_H
#define DCN_CLI_LOAD_OPERANDS_H

#include "cli/args/args.h"
#include "runtime/base/npy.h"
#include "runtime/spec/operands.h"

typedef struct Operand {
    dcn_tensor tensor; /* with the sizes of this run */
    const char *path;  /* of its file; NULL: none was named */
    rt_array file;
    bool by_name; /* the file is that of --weights */
    void *data;   /* tensor in the kernel's dtype; NULL: an input without a file */
} Operand;

typedef struct OperandFiles {
    const dcn_spec *spec; /* of the kernel */
    dcn_spec bound;       /* with the sizes of this run */
    bool flat;            /* the input has rows and columns in one, and so will outputs */
    Operand input;        /* of a kernel that does not read it: it may still tell sizes */
    int n;
    Operand at[RT_NUM_OPERANDS];
} OperandFiles;

/* Match --input, --weights and --output with the operands of s, read the files, find the dynamic sizes, check
** every shape, convert, and make room for the outputs.  Maps of dcnv4 and dcnv4_module may be
** [N,H*W,C].  Where `outputs`, all inputs need files and these too: all of them, or any of a kernel's gradients; else
** inputs may be missing where their sizes are known.  One error names all that is missing or
** misshaped.  Freed by operands_free, also after a failure. */
int operands_read(const Args *a, const dcn_spec *s, bool outputs, OperandFiles *o, dcn_error *err);

/* Write every output that has a file. */
int operands_write(const OperandFiles *o, dcn_error *err);

void operands_free(OperandFiles *o);

#endif
