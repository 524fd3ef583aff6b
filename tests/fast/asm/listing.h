/* listing.h: an assembly text cut into lines, and its innermost loops.
** SPDX-License-Identifier: Apache-2.0
*/
#ifndef DCN_TESTS_ASM_LISTING_H
#define DCN_TESTS_ASM_LISTING_H

typedef struct Listing {
    char *text, **line;
    int n;
} Listing;

Listing listing_open(const char *text);
void listing_close(Listing *l);

/* Lines of the range first <= i < last that contain the word. */
int listing_count(const Listing *l, int first, int last, const char *word);

/* In functions whose names begin so: the innermost loop (a label, straight code, a jump back to it) with most lines
** that contain the word, in *first and *last; 0 if no loop contains it. */
int listing_loop(const Listing *l, const char *function, const char *word, int *first, int *last);

/* Lines of the function of that name in *first and *last; 0 if there is none. */
int listing_function(const Listing *l, const char *name, int *first, int *last);

/* A call or jump to a symbol that the text does not define, or NULL. */
const char *listing_stray_call(const Listing *l);

#endif
