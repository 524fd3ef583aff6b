/* landscape.h: spaces whose best point is known, or can be found by looking at all of them.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_LANDSCAPE_H
#define DCN_TESTS_LANDSCAPE_H

#include "tuner/search/search.h"

typedef struct Landscape {
    const char *name;
    int nlowerings, dims, choices;                      /* the same for each lowering */
    double (*time)(const SearchPoint *p, int dims);     /* < 0: the candidate fails */
    double (*estimate)(const SearchPoint *p, int dims); /* NULL: nobody knows */
    int (*legal)(const SearchPoint *p, int dims);       /* NULL: always */
    int trials;  /* within which the optimum must be found, or one within 3 % of it */
    double best; /* the least time; 0: to be found by looking at all points */
} Landscape;

extern const Landscape landscapes[];
extern const int nlandscapes;

/* The space that search_open wants; points into *l. */
SearchSpace landscape_space(const Landscape *l);

/* The least time of all legal points. */
double landscape_best(const Landscape *l);

#endif
