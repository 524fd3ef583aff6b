/* model.c: what the answers so far say about the points not tried.
**
** A Gaussian process on r = ln(time) - b ln(estimate), so the estimate is corrected where it was
** seen to err.  b is 1 for a trustworthy estimate and falls towards 0 where times do not follow it:
**
**     k(p, q) = 1/2 exp(-a sum_i d_i) + 1/2 mean_i exp(-2 a d_i)
**
** where d_i are the steps between knob i of p and of q.
**
** The first term knows neighbourhoods, the second that a knob often matters alike wherever the
** others stand.  Most knobs matter little, and which do differs from kernel to kernel: d_i is
** multiplied by a relevance r_i in the first term, and the second is a mean weighted by r_i.  They
** are fitted now and then, one knob after the other, to what makes the answers likeliest (the
** marginal likelihood, with the scale of the residuals fitted).  Points of different lowerings
** share the mean only.  The matrix K + noise is kept as its Cholesky factor L, which a new point
** extends by a row; weights are (K + noise)^-1 (r - mean).
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/search/model.h"
#include "runtime/base/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double STEP = 0.35, NOISE = 0.01;
enum { FIRST_FIT = 12 }; /* answers */
/* How much b = 1 is believed before anything was measured: squares of ln(estimate). */
static const double TRUST = 0.05;

struct SearchModel {
    const SearchSpace *space;
    int n;
    SearchPoint point[MODEL_MAX_POINTS];
    double estimate[MODEL_MAX_POINTS], time[MODEL_MAX_POINTS]; /* logarithms */
    double weight[MODEL_MAX_POINTS];
    double slope;               /* b */
    double middle, spread;      /* of the residuals */
    int told, next_fit;         /* answers; how many there will be when knobs are judged again */
    int measured;               /* points that did not fail */
    double lowest_ratio, worst; /* time / estimate, time; logarithms */
    double factor[MODEL_MAX_POINTS][MODEL_MAX_POINTS];
    double relevance[SEARCH_MAX_LOWERINGS][SEARCH_MAX_DIMS]; /* of each lowering's knobs */
};

SearchModel *model_open(const SearchSpace *space)
{
    SearchModel *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->space = space;
    m->next_fit = FIRST_FIT;
    for (int i = 0; i < SEARCH_MAX_LOWERINGS * SEARCH_MAX_DIMS; i++)
        m->relevance[i / SEARCH_MAX_DIMS][i % SEARCH_MAX_DIMS] = 1;
    return m;
}

void model_close(SearchModel *m)
{
    free(m);
}

static double kernel(const SearchModel *m, const SearchPoint *p, const SearchPoint *q)
{
    static const double alone[] = { 1, 0.496585303791409514, 0.246596963941606477,
                                    0.122456428252981911 }; /* exp(-2 STEP d) */
    if (p->at[0] != q->at[0])
        return 0;
    const int dims = m->space->dims(m->space->self, p->at[0]);
    const double *relevance = m->relevance[p->at[0]];
    double steps = 0, sum = 0, all = 0;
    for (int i = 1; i <= dims; i++) {
        int d = abs(p->at[i] - q->at[i]);
        d = d < 3 ? d : 3;
        steps += relevance[i] * d;
        sum += relevance[i] * alone[d];
        all += relevance[i];
    }
    return 0.5 * exp(-STEP * steps) + 0.5 * (dims ? sum / all : 1);
}

/* v := L^-1 v */
static void solve_lower(const SearchModel *m, double *v)
{
    for (int i = 0; i < m->n; i++) {
        for (int j = 0; j < i; j++)
            v[i] -= m->factor[i][j] * v[j];
        v[i] /= m->factor[i][i];
    }
}

/* v := L^-T v */
static void solve_upper(const SearchModel *m, double *v)
{
    for (int i = m->n - 1; i >= 0; i--) {
        v[i] /= m->factor[i][i];
        for (int j = 0; j < i; j++)
            v[j] -= m->factor[i][j] * v[i];
    }
}

static double mean(const double *v, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += v[i];
    return sum / n;
}

static double fit_slope(const SearchModel *m)
{
    double x = mean(m->estimate, m->n), y = mean(m->time, m->n), xx = TRUST, xy = TRUST;
    for (int i = 0; i < m->n; i++) {
        xx += (m->estimate[i] - x) * (m->estimate[i] - x);
        xy += (m->estimate[i] - x) * (m->time[i] - y);
    }
    return fmin(fmax(xy / xx, 0), 1);
}

static void weigh(SearchModel *m)
{
    double sum = 0, sorted[MODEL_MAX_POINTS];
    m->slope = fit_slope(m);
    for (int i = 0; i < m->n; i++)
        sorted[i] = m->weight[i] = m->time[i] - m->slope * m->estimate[i];
    m->middle = rt_median(sorted, m->n);
    for (int i = 0; i < m->n; i++) {
        m->weight[i] -= m->middle;
        sum += m->weight[i] * m->weight[i];
    }
    m->spread = fmax(sqrt(sum / m->n), 0.03);
    solve_lower(m, m->weight);
    solve_upper(m, m->weight);
}

static void append(SearchModel *m, const SearchPoint *p, double estimate, double time)
{
    double *row = m->factor[m->n], left = 1 + NOISE;
    for (int i = 0; i < m->n; i++)
        row[i] = kernel(m, p, &m->point[i]);
    solve_lower(m, row);
    for (int i = 0; i < m->n; i++)
        left -= row[i] * row[i];
    row[m->n] = sqrt(fmax(left, NOISE / 4));
    m->point[m->n] = *p;
    m->estimate[m->n] = estimate;
    m->time[m->n++] = time;
}

static void factorise(SearchModel *m)
{
    int all = m->n;
    m->n = 0;
    for (int i = 0; i < all; i++) {
        SearchPoint p = m->point[i];
        append(m, &p, m->estimate[i], m->time[i]);
    }
}

/* Minus the logarithm of the density of the answers, but for constants. */
static double neg_log_likelihood(SearchModel *m)
{
    double z[MODEL_MAX_POINTS], sum = 0, volume = 0;
    factorise(m);
    for (int i = 0; i < m->n; i++)
        z[i] = m->time[i] - m->slope * m->estimate[i] - m->middle;
    solve_lower(m, z);
    for (int i = 0; i < m->n; i++) {
        sum += z[i] * z[i];
        volume += log(m->factor[i][i]);
    }
    return 0.5 * m->n * log(sum / m->n + 1e-6) + volume;
}

/* Fits the knobs of the last answer's lowering, one after the other. */
static void fit_relevance(SearchModel *m)
{
    static const double value[] = { 0.05, 0.4, 2 };
    int lowering = m->point[m->n - 1].at[0], dims = m->space->dims(m->space->self, lowering);
    double lowest = neg_log_likelihood(m);
    for (int i = 1; i <= dims; i++) {
        double *at = &m->relevance[lowering][i], best = *at;
        for (size_t j = 0; j < sizeof value / sizeof *value; j++) {
            *at = value[j];
            double now = *at == best ? lowest : neg_log_likelihood(m);
            if (now < lowest - 0.01) {
                lowest = now;
                best = *at;
            }
        }
        *at = best;
    }
    factorise(m);
}

/* Drops every other point of the older half: the model is for what is near the best, where the
** latest are. */
static void thin(SearchModel *m)
{
    int all = m->n;
    m->n = 0;
    for (int i = 0; i < all; i++)
        if (i % 2 || 2 * i > all) {
            SearchPoint p = m->point[i];
            append(m, &p, m->estimate[i], m->time[i]);
        }
}

static void add(SearchModel *m, const SearchPoint *p, double estimate, double time)
{
    if (m->n == MODEL_MAX_POINTS)
        thin(m);
    append(m, p, estimate, time);
    weigh(m);
    if (++m->told < m->next_fit)
        return;
    fit_relevance(m);
    weigh(m);
    m->next_fit = m->told + 3 + m->told / 8;
}

void model_add(SearchModel *m, const SearchPoint *p, double estimate, double time)
{
    double x = log(estimate), y = log(time);
    m->lowest_ratio = m->measured ? fmin(m->lowest_ratio, y - x) : y - x;
    m->worst = m->measured ? fmax(m->worst, y) : y;
    m->measured++;
    add(m, p, x, y);
}

void model_add_failure(SearchModel *m, const SearchPoint *p, double estimate)
{
    add(m, p, log(estimate), model_predict(m, p, estimate).mean + m->spread);
}

int model_count(const SearchModel *m, int lowering, int knob, int value)
{
    int count = 0;
    for (int i = 0; i < m->n; i++)
        count += m->point[i].at[0] == lowering && m->point[i].at[knob] == value;
    return count;
}

Prediction model_predict(const SearchModel *m, const SearchPoint *p, double estimate)
{
    double near[MODEL_MAX_POINTS], r = m->middle, left = 1;
    for (int i = 0; i < m->n; i++) {
        near[i] = kernel(m, p, &m->point[i]);
        r += near[i] * m->weight[i];
    }
    solve_lower(m, near);
    for (int i = 0; i < m->n; i++)
        left -= near[i] * near[i];
    double slope = m->n ? m->slope : 1, deviation = m->n ? m->spread : 1;
    return (Prediction){ slope * log(estimate) + r, deviation * sqrt(fmax(left, 0)) };
}

double model_least_ratio(const SearchModel *m)
{
    return m->measured ? exp(m->lowest_ratio) : 0;
}
