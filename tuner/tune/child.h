/* child.h: work in a process of its own, whose death costs nothing but the work.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TUNER_CHILD_H
#define DCN_TUNER_CHILD_H

#include <dcngen/error.h>
#include <stddef.h>

typedef struct ChildWork {
    void (*run)(void *self); /* in the child; what it leaves in shared memory is the result */
    void *self;
    double seconds;           /* then it is killed */
    const volatile int *stop; /* non-zero: it is killed; may be NULL */
} ChildWork;

typedef enum { CHILD_RETURNED, CHILD_DIED, CHILD_HUNG, CHILD_STOPPED } ChildFate;

typedef struct ChildEnd {
    ChildFate fate;
    int signal, status;   /* CHILD_DIED: of which signal, or with which exit status */
    char last_words[160]; /* the last line that it wrote to its standard error */
} ChildEnd;

/* Memory that parent and child both see, zeroed. */
void *child_share(size_t size, dcn_error *err);
void child_unshare(void *memory, size_t size); /* NULL allowed */

/* Returns when the child has ended.  -1 if none could be made.  The caller must be the only thread of its
** process that holds locks which the work takes. */
int child_run(const ChildWork *w, ChildEnd *end, dcn_error *err);

#endif
