/* options.c: words to numbers.
** SPDX-License-Identifier: Apache-2.0
*/
#define _POSIX_C_SOURCE 200809L
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "usage: train [OPTION]... deform.lua PHOTO.png FILE.safetensors\n"
    "Trains the network of a spec on scenes that are drawn on a photograph, and writes FILE.\n"
    "\n"
    "  -p        the plain twin: offsets held at zero\n"
    "  -n STEPS  how many steps (8000); may be another one when a run goes on\n"
    "  -b BATCH  scenes a step (8)\n"
    "  -s SIZE   rows and columns of a scene, a multiple of 4 (96)\n"
    "  -t COUNT  threads (2)\n"
    "  -u STEP   stop before this step, as Ctrl-C does; the same command without it goes on\n"
    "  -r DIR    record scenes, rates and losses of all steps there (record.h)\n"
    "  -e COUNT  do not train: evaluate FILE on so many scenes that it has not seen\n"
    "  -o PNG    with -e: show them\n";

static _Noreturn void wrong_use(void)
{
    fputs(usage, stderr);
    exit(2);
}

static int64_t number(const char *text, int64_t low, int64_t high)
{
    char *end;
    const long long v = strtoll(text, &end, 10);
    if (*text && !*end && v >= low && v <= high)
        return v;
    fprintf(stderr, "train: %s is not a number from %lld to %lld\n", text, (long long)low,
            (long long)high);
    exit(2);
}

static void read_option(Options *o, int letter)
{
    const struct {
        int letter;
        int64_t *value, low, high;
    } numbers[] = {
        { 'n', &o->steps, 0, 100000000 },   { 'b', &o->batch, 1, 1024 },
        { 's', &o->size, 16, 4096 },        { 't', &o->threads, 1, 1024 },
        { 'u', &o->stop_at, 0, INT32_MAX }, { 'e', &o->evaluate, 1, 10000000 },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].letter == letter)
            *numbers[i].value = number(optarg, numbers[i].low, numbers[i].high);
    if (letter == 'p')
        o->plain = true;
    else if (letter == 'r')
        o->record = optarg;
    else if (letter == 'o')
        o->show = optarg;
    else if (letter == '?')
        wrong_use();
}

Options read_options(int argc, char **argv)
{
    Options o = { .batch = 8, .size = 96, .threads = 2, .steps = 8000, .stop_at = INT64_MAX };
    for (int letter; (letter = getopt(argc, argv, "pn:b:s:t:u:r:e:o:")) != -1;)
        read_option(&o, letter);
    if (argc - optind != 3 || (o.show && !o.evaluate) || (o.record && o.evaluate))
        wrong_use();
    if (o.size % 4) {
        fprintf(stderr, "train: a size of %d is no multiple of 4\n", (int)o.size);
        exit(2);
    }
    o.spec = argv[optind];
    o.photo = argv[optind + 1];
    o.file = argv[optind + 2];
    return o;
}
