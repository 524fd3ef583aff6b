/* view.c: from the command line to the operands of a network.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/visualize/view.h"
#include "cli/draw/photo.h"
#include "cli/load/weights.h"
#include "cli/visualize/colours.h"
#include "cli/visualize/resize.h"
#include "runtime/base/base.h"
#include "runtime/base/npy.h"
#include "runtime/base/random.h"
#include "runtime/base/text.h"
#include "runtime/spec/op.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Pictures whose longer side is below SMALL pixels are enlarged until it is about LARGE. */
enum { SMALL = 256, LARGE = 576 };

/* ---- the network ----------------------------------------------------------------------------- */

static bool is_named(const PhotoView *v, const net_value *in)
{
    for (int k = 0; k < v->args->input.n; k++)
        if (!strcmp(v->args->input.at[k].name, in->name))
            return true;
    return false;
}

/* A photograph has a row for each pixel and one or three channels. */
static bool may_be_image(const net_value *in)
{
    return in->rank == 4 && in->shape.n == 1 && (in->shape.c == 1 || in->shape.c == 3);
}

/* Inputs that --input does not name, of which one may be the photograph; `last` is the last of either kind. */
typedef struct Unnamed {
    int images, others, last_image, last_other;
    const char *image[NET_MAX_OPERANDS + 1], *other[NET_MAX_OPERANDS + 1];
} Unnamed;

static Unnamed find_unnamed(const PhotoView *v)
{
    Unnamed u = { .images = 0 };
    for (int i = 0; i < v->net->ninputs; i++) {
        const net_value *in = &v->net->value[i];
        if (is_named(v, in))
            continue;
        if (may_be_image(in)) {
            u.image[u.images++] = in->name;
            u.last_image = i;
        } else {
            u.other[u.others++] = in->name;
            u.last_other = i;
        }
    }
    return u;
}

static int fail_no_image(const PhotoView *v, const Unnamed *u, dcn_error *err)
{
    char all[256];
    if (!u->others)
        return dcn_fail(err, DCN_EUSAGE,
                        "--input names every input of '%s'; the one for the "
                        "photograph must be left",
                        v->spec->name);
    if (u->others > 1)
        return dcn_fail(err, DCN_EUSAGE,
                        "none of %s of '%s' can be a photograph, which is 1x3xHxW or 1x1xHxW",
                        rt_join(u->other, all, sizeof all), v->spec->name);
    const net_value *in = &v->net->value[u->last_other];
    const net_shape s = in->shape;
    return dcn_fail(err, DCN_EUSAGE,
                    "input '%s' is %lldx%lldx%lldx%lld; a photograph is 1x3xHxW or 1x1xHxW",
                    in->name, (long long)s.n, (long long)s.c, (long long)s.h, (long long)s.w);
}

static int check_input_names(const PhotoView *v, dcn_error *err)
{
    for (int k = 0; k < v->args->input.n; k++) {
        int i = 0;
        while (i < v->net->ninputs && strcmp(v->net->value[i].name, v->args->input.at[k].name) != 0)
            i++;
        if (i == v->net->ninputs)
            return dcn_fail(err, DCN_EUSAGE, "'%s' has no input '%.64s'", v->spec->name,
                            v->args->input.at[k].name);
    }
    return 0;
}

/* The input that is the photograph; -1: not one of those that --input does not name is, or another needs a name. */
static int find_image(const PhotoView *v, dcn_error *err)
{
    char all[256];
    const Unnamed u = find_unnamed(v);
    if (u.images == 0)
        return fail_no_image(v, &u, err);
    if (u.images > 1)
        return dcn_fail(err, DCN_EUSAGE,
                        "each of %s of '%s' may be the photograph; --input NAME=FILE must name "
                        "all but one",
                        rt_join(u.image, all, sizeof all), v->spec->name);
    if (u.others > 0)
        return dcn_fail(err, DCN_EUSAGE,
                        "visualize needs --input NAME=FILE for %s: '%s' is the photograph",
                        rt_join(u.other, all, sizeof all), u.image[0]);
    return u.last_image;
}

/* The size of pictures is that of the photograph's input. */
static void take_size(PhotoView *v)
{
    v->h = (int)v->net->value[v->image].shape.h;
    v->w = (int)v->net->value[v->image].shape.w;
}

/* A network that another program runs. */
static int find_served(PhotoView *v, dcn_error *err)
{
    const uint64_t others = BIT(OPT_DEFINE) | BIT(OPT_KERNEL) | BIT(OPT_WEIGHTS) | BIT(OPT_INPUT) |
                            BIT(OPT_THREADS) | BIT(OPT_JSON);
    for (int id = 0; id < NOPTIONS; id++)
        if (v->args->given & others & BIT(id))
            return dcn_fail(err, DCN_EUSAGE,
                            "%s is not of pipe:, a network that another program runs",
                            options[id].name);
    if (served_open(&v->served, err))
        return -1;
    const int64_t channels = v->served.sketch->value[0].shape.c;
    if (!v->served.input[0] && (!args_has(v->args, OPT_IMAGE) || (channels != 1 && channels != 3)))
        return dcn_fail(
            err, DCN_EUSAGE,
            "the model gives no image, and has none of --image and one or three channels");
    v->spec = &v->served.spec;
    v->net = v->served.sketch;
    v->input[v->image] = v->served.input[0];
    v->served.input[0] = NULL;
    take_size(v);
    return 0;
}

static int find_network(PhotoView *v, dcn_error *err)
{
    if (kernels_load(v->args, &v->kernels, err) ||
        kernels_check_single(&v->kernels, "visualize", err))
        return -1;
    v->spec = v->kernels.spec[0];
    v->net = v->spec->network;
    if (v->spec->gradient)
        return dcn_fail(err, DCN_EUSAGE, "kernel '%s' is a gradient; visualize draws networks",
                        v->spec->name);
    if (!rt_op_has(v->spec->op, RT_IS_NETWORK))
        return dcn_fail(err, DCN_EUSAGE, "kernel '%s' is no network; visualize draws networks",
                        v->spec->name);
    v->image = check_input_names(v, err) ? -1 : find_image(v, err);
    if (v->image < 0)
        return -1;
    const net_shape s = v->net->value[v->image].shape;
    if (s.h > PHOTO_MAX_SIDE || s.w > PHOTO_MAX_SIDE || s.h * s.w > PHOTO_MAX_PIXELS)
        return dcn_fail(err, DCN_EUSAGE,
                        "input '%s' is %lldx%lld; a picture has at most %d pixels a side and %d "
                        "in all",
                        v->net->value[v->image].name, (long long)s.h, (long long)s.w,
                        PHOTO_MAX_SIDE, PHOTO_MAX_PIXELS);
    take_size(v);
    if (v->net->parameters && !v->net->constants && !v->args->weights)
        return dcn_fail(err, DCN_EUSAGE, "visualize needs --weights FILE: '%s' has parameters",
                        v->spec->name);
    return weights_read(v->args, v->spec, &v->parameters, err);
}

/* ---- other inputs ---------------------------------------------------------------------------- */

static int check_input_shape(const PhotoView *v, int i, const char *path, const rt_array *a,
                             dcn_error *err)
{
    const net_value *in = &v->net->value[i];
    const net_shape s = in->shape;
    const int64_t nchw[] = { s.n, s.c, s.h, s.w }, nhwc[] = { s.n, s.h, s.w, s.c };
    const int64_t matrix[] = { s.n, s.c };
    const int64_t *dims = in->rank == 2 ? matrix : in->layout == DCN_NCHW ? nchw : nhwc;
    if (a->rank == in->rank && !memcmp(a->dims, dims, (size_t)in->rank * sizeof *dims))
        return 0;
    char want[96], got[96];
    rt_text wanted = rt_text_in(want, sizeof want), is = rt_text_in(got, sizeof got);
    rt_text_shape(&wanted, in->rank, dims);
    rt_text_shape(&is, a->rank, a->dims);
    return dcn_fail(err, DCN_EUSAGE, "%s: input '%s' is %s, not %s", path, in->name, want, got);
}

static int read_input(PhotoView *v, int i, const char *path, dcn_error *err)
{
    rt_array a;
    if (rt_npy_read(path, net_elements(v->net->value[i].shape), &a, err))
        return -1;
    int status = check_input_shape(v, i, path, &a, err);
    if (!status && !(v->input[i] = malloc((size_t)a.count * sizeof(double) + 1)))
        status = dcn_fail(err, DCN_EENV, "no memory for input '%s'", v->net->value[i].name);
    if (!status)
        rt_convert(v->input[i], RT_F64, a.data, a.kind, a.count);
    rt_array_free(&a);
    return status;
}

static int read_inputs(PhotoView *v, dcn_error *err)
{
    for (int i = 0; i < v->net->ninputs; i++)
        for (int k = 0; k < v->args->input.n; k++)
            if (!strcmp(v->args->input.at[k].name, v->net->value[i].name) &&
                read_input(v, i, v->args->input.at[k].value, err))
                return -1;
    return 0;
}

/* ---- the photograph -------------------------------------------------------------------------- */

/* What of the photograph the network sees: the middle, after a resize to --size. */
static int find_part(const PhotoView *v, const Photo *p, PhotoPart *part, dcn_error *err)
{
    const int *size = v->args->size;
    const double h = size[0] ? size[0] : v->h, w = size[0] ? size[1] : v->w;
    if (h < v->h || w < v->w)
        return dcn_fail(err, DCN_EUSAGE, "--size %dx%d is smaller than input '%s', %dx%d", size[0],
                        size[1], v->net->value[v->image].name, v->h, v->w);
    const double sy = p->h / h, sx = p->w / w;
    *part =
        (PhotoPart){ floor((h - v->h) / 2) * sy, floor((w - v->w) / 2) * sx, v->h * sy, v->w * sx };
    return 0;
}

/* Luminance of Rec. 709 for a network of one channel. */
static double channel_value(const uint16_t *rgb, int channels, int c)
{
    return (channels == 3 ? rgb[c] : 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]) / 65535;
}

/* The network's input, malloc'ed, from what it sees. */
static int make_image(const PhotoView *v, const Photo *seen, double **to, dcn_error *err)
{
    const double range = v->args->range;
    const net_value *in = &v->net->value[v->image];
    const int channels = (int)in->shape.c;
    const int64_t pixels = (int64_t)v->h * v->w;
    double *image = *to = malloc((size_t)(pixels * channels) * sizeof *image);
    if (!image)
        return dcn_fail(err, DCN_EENV, "no memory for input '%s'", in->name);
    for (int64_t i = 0; i < pixels; i++)
        for (int c = 0; c < channels; c++) {
            const double x = channel_value(seen->rgb + 3 * i, channels, (int)view_colour(v, c));
            image[in->layout == DCN_NCHW ? c * pixels + i : i * channels + c] =
                (x * range - view_mean(v, c)) / view_std(v, c);
        }
    return 0;
}

/* From the photograph where that has so many pixels, else from what the network sees, enlarged. */
static int make_backdrop(PhotoView *v, const Photo *p, PhotoPart part, dcn_error *err)
{
    const int longer = v->h > v->w ? v->h : v->w;
    v->scale = longer < SMALL ? (LARGE + longer / 2) / longer : 1;
    return photo_resize(p, part, v->h * v->scale, v->w * v->scale, &v->backdrop, err);
}

/* Photograph number k, which part of it is seen, and as what. */
static int read_photo(const PhotoView *v, int k, Photo *p, PhotoPart *part, double **image,
                      dcn_error *err)
{
    Photo seen = { 0, 0, NULL };
    int status = photo_read(v->args->image.at[k], p, err);
    if (!status)
        status = find_part(v, p, part, err);
    if (!status)
        status = photo_resize(p, *part, v->h, v->w, &seen, err);
    if (!status)
        status = make_image(v, &seen, image, err);
    free(seen.rgb);
    return status;
}

static int read_given(PhotoView *v, dcn_error *err)
{
    Photo p = { 0, 0, NULL };
    int status = view_given_picture(v, &p, err);
    if (!status)
        status = make_backdrop(v, &p, (PhotoPart){ 0, 0, v->h, v->w }, err);
    free(p.rgb);
    return status;
}

static int read_first(PhotoView *v, dcn_error *err)
{
    Photo p = { 0, 0, NULL };
    PhotoPart part;
    double *image = NULL;
    if (!v->args->image.n)
        return read_given(v, err);
    int status = read_photo(v, 0, &p, &part, &image, err);
    if (!v->input[v->image])
        v->input[v->image] = image;
    else
        free(image);
    if (!status)
        status = make_backdrop(v, &p, part, err);
    free(p.rgb);
    return status;
}

int view_other_image(const PhotoView *v, int k, double **image, dcn_error *err)
{
    Photo p = { 0, 0, NULL };
    PhotoPart part;
    *image = NULL;
    const int status = read_photo(v, k, &p, &part, image, err);
    free(p.rgb);
    return status;
}

/* ---- all ------------------------------------------------------------------------------------- */

int view_open(const Args *a, PhotoView *v, dcn_error *err)
{
    *v = (PhotoView){ .args = a };
    const int failed =
        is_served(a) ? find_served(v, err) : find_network(v, err) || read_inputs(v, err);
    return failed || view_check_colours(v, err) || read_first(v, err) ? -1 : 0;
}

void view_close(PhotoView *v)
{
    for (int i = 0; i < NET_MAX_OPERANDS; i++)
        free(v->input[i]);
    free(v->backdrop.rgb);
    free(v->parameters);
    kernels_free(&v->kernels);
    served_close(&v->served);
}

const char *view_image_name(const PhotoView *v)
{
    return v->args->image.n ? v->args->image.at[0] : "given in numbers";
}

double *view_noisy_image(const PhotoView *v, double sigma, uint64_t seed)
{
    const net_value *in = &v->net->value[v->image];
    const int64_t n = net_elements(in->shape), pixels = (int64_t)v->h * v->w;
    rt_rng rng = rt_rng_seed(seed);
    double *image = malloc((size_t)n * sizeof *image);
    for (int64_t k = 0; image && k < n; k++) { /* pixel by pixel, however it lies */
        const int64_t c = k % in->shape.c, p = k / in->shape.c;
        const int64_t i = in->layout == DCN_NCHW ? c * pixels + p : k;
        image[i] =
            v->input[v->image][i] + sigma * v->args->range / view_std(v, c) * rt_rng_normal(&rng);
    }
    return image;
}
