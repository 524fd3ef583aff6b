/* schedule_text.c: schedules as text.
**
**     schedule = [lowering] word...       word = knob=value, of a composite part=value or part={schedule}
**
** Words stand apart by white space or commas.
** SPDX-License-Identifier: Apache-2.0
*/
#include "codegen/lowering.h"
#include "runtime/base/base.h"
#include "runtime/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- printing -------------------------------------------------------------------------------- */

static void add(rt_text *t, const Schedule *sc)
{
    rt_text_add(t, "%s", sc->lowering->name);
    for (int i = 0; i < sc->lowering->nknobs; i++)
        rt_text_add(t, " %s=%d", sc->lowering->knobs[i]->name, sc->k[i]);
    for (int i = 0; i < sc->nparts; i++) {
        if (sc->lowering->is_brief && !sc->part[i].given)
            continue;
        rt_text_add(t, " %s={", sc->part[i].name);
        add(t, &sc->part[i].sched);
        rt_text_add(t, "}");
    }
}

int sched_print(const Schedule *sc, char *buf, size_t size)
{
    rt_text t = rt_text_in(buf, size);
    add(&t, sc);
    return (int)t.length;
}

/* ---- words ----------------------------------------------------------------------------------- */

/* A piece of a text; nothing if length is 0. */
typedef struct Piece {
    const char *at;
    int length;
} Piece;

static const char separators[] = " \t\n,";

/* The first word of t, which keeps the rest.  What stands in braces is one word with what stands
** before them. */
static Piece next_word(Piece *t)
{
    Piece word;
    int depth = 0;
    while (t->length && strchr(separators, *t->at))
        t->at++, t->length--;
    word = (Piece){ t->at, 0 };
    while (t->length && (depth > 0 || !strchr(separators, *t->at))) {
        depth += *t->at == '{' ? 1 : *t->at == '}' ? -1 : 0;
        word.length++;
        t->at++, t->length--;
    }
    return word;
}

/* word is name=value; a word without '=' is all name. */
static Piece name_of(Piece word)
{
    const char *equals = memchr(word.at, '=', (size_t)word.length);
    return (Piece){ word.at, equals ? (int)(equals - word.at) : word.length };
}

/* What follows the '=', without the braces around it. */
static Piece value_of(Piece word)
{
    int skip = name_of(word).length + 1;
    Piece v = { word.at + skip, word.length - skip };
    if (v.length >= 2 && v.at[0] == '{' && v.at[v.length - 1] == '}')
        v = (Piece){ v.at + 1, v.length - 2 };
    return v;
}

static bool has_value(Piece word)
{
    return name_of(word).length < word.length;
}

static bool is_same(Piece t, const char *name)
{
    return strlen(name) == (size_t)t.length && !memcmp(t.at, name, (size_t)t.length);
}

static const Lowering *lowering_named(Piece name)
{
    for (int i = 0; cg_lowerings[i]; i++)
        if (is_same(name, cg_lowerings[i]->name))
            return cg_lowerings[i];
    return NULL;
}

/* ---- revisions ------------------------------------------------------------------------------- */

static int join_revs(int rev, int own)
{
    return own < 0 ? -1 : (int)(((unsigned)rev * 31 + (unsigned)own) & 0x7fffffff);
}

/* Adds what the parts of a text, without its lowering, have to a revision. */
static int add_revs(int rev, Piece words)
{
    for (Piece w = next_word(&words); w.length && rev >= 0; w = next_word(&words)) {
        if (w.at[w.length - 1] != '}')
            continue;
        Piece part = value_of(w);
        const Lowering *lowering = lowering_named(next_word(&part));
        const int own = lowering ? add_revs(lowering->rev, part) : -1;
        rev = join_revs(rev, own);
    }
    return rev;
}

int sched_rev(const char *lowering, const char *text)
{
    const Lowering *of = lowering_named((Piece){ lowering, (int)strlen(lowering) });
    int rev = of ? of->rev : -1;
    for (int i = 0; of && of->is_brief && cg_lowerings[i]; i++)
        rev = join_revs(rev, cg_lowerings[i]->rev);
    return of ? add_revs(rev, (Piece){ text, (int)strlen(text) }) : -1;
}

/* Whether a word before this one has its name. */
static bool is_repeated(Piece all, Piece word)
{
    const Piece name = name_of(word);
    for (Piece w = next_word(&all); w.length && w.at < word.at; w = next_word(&all)) {
        const Piece before = name_of(w);
        if (before.length == name.length && !memcmp(before.at, name.at, (size_t)name.length))
            return true;
    }
    return false;
}

static int check_braces(const char *text, dcn_error *err)
{
    int depth = 0;
    for (const char *at = text; *at && depth >= 0; at++)
        depth += *at == '{' ? 1 : *at == '}' ? -1 : 0;
    if (depth == 0)
        return 0;
    return dcn_fail(err, DCN_EUSAGE, "schedule \"%.100s\": a %s", text,
                    depth > 0 ? "{ is not closed by }" : "} has no { before it");
}

int sched_part_text(const char *text, const char *name, char *out)
{
    Piece all = { text, (int)strlen(text) };
    for (Piece w = next_word(&all); w.length; w = next_word(&all)) {
        if (!has_value(w) || !is_same(name_of(w), name))
            continue;
        const Piece value = value_of(w);
        snprintf(out, DCN_SCHEDULE_MAX, "%.*s", value.length, value.at);
        return 1;
    }
    return 0;
}

/* ---- what is wrong --------------------------------------------------------------------------- */

static int no_such(const char *what, Piece word, const char *const *names, dcn_error *err)
{
    char list[256], given[128];
    snprintf(given, sizeof given, "%.*s", word.length, word.at);
    const char *near = rt_nearest(given, names);
    return near ? dcn_fail(err, DCN_EUSAGE, "unknown %s \"%s\" (did you mean \"%s\"?)", what, given,
                           near)
                : dcn_fail(err, DCN_EUSAGE, "unknown %s \"%s\": expected one of %s", what, given,
                           rt_join(names, list, sizeof list));
}

static int no_such_lowering(Piece word, const dcn_spec *s, dcn_error *err)
{
    const char *names[MAX_LOWERINGS + 1] = { NULL };
    for (int i = 0, n = 0; cg_lowerings[i]; i++)
        if (sched_takes(cg_lowerings[i], s))
            names[n++] = cg_lowerings[i]->name;
    return no_such("lowering", word, names, err);
}

static int no_such_knob(const Lowering *lowering, Piece word, dcn_error *err)
{
    const char *names[MAX_KNOBS + 1] = { NULL };
    for (int i = 0; i < lowering->nknobs; i++)
        names[i] = lowering->knobs[i]->name;
    char what[64];
    snprintf(what, sizeof what, "knob of lowering %s", lowering->name);
    return no_such(what, word, names, err);
}

static bool is_any_knob(Piece word)
{
    for (int i = 0; cg_lowerings[i]; i++)
        for (int k = 0; k < cg_lowerings[i]->nknobs; k++)
            if (is_same(word, cg_lowerings[i]->knobs[k]->name))
                return true;
    return false;
}

static int no_such_part(const Schedule *sc, const dcn_spec *s, Piece word, dcn_error *err)
{
    if (is_any_knob(word) && sc->nparts)
        return dcn_fail(
            err, DCN_EUSAGE,
            "\"%.*s\" is a knob, and no stage of %s: lowering and knobs of a stage stand "
            "in braces, %s={LOWERING %.*s=N}",
            word.length, word.at, dcn_op_name(s->op), sc->part[0].name, word.length, word.at);
    const char **names = calloc((size_t)sc->nparts + 1, sizeof *names);
    if (!names)
        return dcn_fail(err, DCN_EENV, "no memory for a list of stages");
    for (int i = 0; i < sc->nparts; i++)
        names[i] = sc->part[i].name;
    char what[64];
    snprintf(what, sizeof what, "stage of %s", dcn_op_name(s->op));
    int failed = no_such(what, word, names, err);
    free(names);
    return failed;
}

static int bad_value(const Knob *q, Piece value, dcn_error *err)
{
    char list[256];
    rt_text t = rt_text_in(list, sizeof list);
    for (int i = 0; i < q->nchoices; i++)
        rt_text_item(&t, ", ", "%d", q->choice[i]);
    return dcn_fail(err, DCN_EUSAGE, "schedule knob %s = %.*s is not one of %s", q->name,
                    value.length, value.at, list);
}

/* ---- parsing --------------------------------------------------------------------------------- */

/* What a text is for. */
typedef struct Parse {
    SchedFor f;
    const Schedule *base; /* of a part: what the text alters; NULL: it alters a guess */
    dcn_error *err;
} Parse;

static int parse(const Parse *p, Piece text, Schedule *out);

static int set_knob(const Parse *p, Piece word, Schedule *sc)
{
    const Piece name = name_of(word), value = value_of(word);
    int i = 0;
    while (i < sc->lowering->nknobs && !is_same(name, sc->lowering->knobs[i]->name))
        i++;
    if (i == sc->lowering->nknobs)
        return no_such_knob(sc->lowering, name, p->err);
    const Knob *q = sc->lowering->knobs[i];
    char given[32], *end;
    snprintf(given, sizeof given, "%.*s", value.length, value.at);
    long v = strtol(given, &end, 10);
    if (end == given || *end || value.length >= (int)sizeof given || v != (int)v ||
        sched_choice(q, (int)v) < 0)
        return bad_value(q, value, p->err);
    sc->k[i] = (int)v;
    return 0;
}

/* The part as its text says, in place of what it has. */
static int replace_part(const Parse *p, const dcn_spec *s, Piece value, SchedPart *part)
{
    dcn_error why;
    const Parse inner = { { s, p->f.t, p->f.threads, p->f.known }, &part->sched, &why };
    Schedule given;
    if (parse(&inner, value, &given))
        return dcn_fail(p->err, why.code, "stage %s: %s", part->name, why.text);
    sched_free(&part->sched);
    part->sched = given;
    part->given = true;
    return 0;
}

static int set_part(const Parse *p, Piece word, Schedule *sc)
{
    const Piece name = name_of(word);
    LoweringPart *parts = NULL;
    int i = 0;
    while (i < sc->nparts && !is_same(name, sc->part[i].name))
        i++;
    if (i == sc->nparts)
        return no_such_part(sc, p->f.s, name, p->err);
    if (sc->lowering->parts(p->f.s, &parts) < 0)
        return dcn_fail(p->err, DCN_EENV, "no memory for the stages of a schedule");
    int failed = replace_part(p, &parts[i].spec, value_of(word), &sc->part[i]);
    free(parts);
    return failed;
}

static int set_word(const Parse *p, Piece all, Piece word, Schedule *sc)
{
    const Piece name = name_of(word);
    if (!has_value(word))
        return dcn_fail(p->err, DCN_EUSAGE, "bad schedule word \"%.*s\": expected %s=value",
                        word.length, word.at, sc->lowering->parts ? "stage" : "knob");
    if (is_repeated(all, word))
        return dcn_fail(p->err, DCN_EUSAGE, "schedule %s %.*s is given twice",
                        sc->lowering->parts ? "stage" : "knob", name.length, name.at);
    return sc->lowering->parts ? set_part(p, word, sc) : set_knob(p, word, sc);
}

static int start_from_base(const Parse *p, Schedule *out)
{
    return sched_copy(p->base, out) ? dcn_fail(p->err, DCN_EENV, "no memory for a schedule") : 0;
}

/* What the words of a text alter.  Its first word is the lowering if it is no knob; without one it
** is the lowering that would be used. */
static int start(const Parse *p, Piece first, Schedule *out)
{
    const bool named = first.length && !has_value(first);
    if (p->base && (!named || is_same(first, p->base->lowering->name)))
        return start_from_base(p, out);
    if (!named)
        return sched_guess(&p->f, out, p->err);
    *out = (Schedule){ .lowering = lowering_named(first) };
    if (!out->lowering)
        return no_such_lowering(first, p->f.s, p->err);
    if (!sched_takes(out->lowering, p->f.s))
        return dcn_fail(p->err, DCN_EFAILED,
                        "schedule \"%.*s\" is refused: it does not compile %s%s", first.length,
                        first.at, p->f.s->gradient ? "gradients of " : "", dcn_op_name(p->f.s->op));
    if (out->lowering->parts)
        return sched_guess(&p->f, out, p->err);
    out->lowering->guess(p->f.s, p->f.t, p->f.threads, out->k);
    return 0;
}

static int check(const Parse *p, const Schedule *sc)
{
    const char *no = sc->lowering->parts ? NULL : sc->lowering->refuse(p->f.s, p->f.t, sc->k);
    if (!no)
        return 0;
    char full[DCN_TEXT_MAX];
    sched_print(sc, full, sizeof full);
    return dcn_fail(p->err, DCN_EFAILED, "schedule \"%s\" is refused: %s", full, no);
}

static int parse(const Parse *p, Piece text, Schedule *out)
{
    Piece rest = text, word = next_word(&rest);
    if (start(p, word, out))
        return -1;
    if (word.length && !has_value(word))
        word = next_word(&rest);
    int failed = 0;
    for (; word.length && !failed; word = next_word(&rest))
        failed = set_word(p, text, word, out);
    failed = failed || check(p, out);
    if (failed)
        sched_free(out);
    return failed ? -1 : 0;
}

int sched_parse(const char *text, const SchedFor *f, Schedule *out, dcn_error *err)
{
    const Parse p = { *f, NULL, err };
    size_t length = strlen(text);
    if (length >= DCN_SCHEDULE_MAX)
        return dcn_fail(err, DCN_EUSAGE, "the schedule is longer than %d characters",
                        DCN_SCHEDULE_MAX - 1);
    return check_braces(text, err) ? -1 : parse(&p, (Piece){ text, (int)length }, out);
}
