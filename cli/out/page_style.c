/* page_style.c: the style sheet that all pages begin with, line by line.
**
** Colours are variables, once for light and once for dark.  No line contains <
*or &, so a page is well-formed
** XML.
** SPDX-License-Identifier: Apache-2.0
*/
#include "cli/out/page_style.h"
#include "cli/out/html.h"

#include <stddef.h>

const char *const page_style[] = {
    ":root {",
    "  --page: #f9f9f7; --card: #fcfcfb; --ink: #0b0b0b; --soft: #52514e; "
    "--mute: #74736e;",
    "  --grid: #e1e0d9; --edge: #c3c2b7; --ok: #2a78d6; --dropped: #a3a199; "
    "--chosen: #eb6834;",
    "  --guess: #4a3aa7; --bad: #d03b3b; --mark: #fbe3d7;",
    "}",
    "@media (prefers-color-scheme: dark) { :root {",
    "  --page: #0d0d0d; --card: #1a1a19; --ink: #ffffff; --soft: #c3c2b7; "
    "--mute: #9a9890;",
    "  --grid: #2c2c2a; --edge: #494945; --ok: #3987e5; --dropped: #6f6e68; "
    "--chosen: #e8743f;",
    "  --guess: #a79cf0; --bad: #e66767; --mark: #4a2b1c;",
    "} }",
    "* { box-sizing: border-box; }",
    "body { margin: 0; background: var(--page); color: var(--ink);",
    "  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, "
    "sans-serif; }",
    "header, main { max-width: 1180px; margin: 0 auto; padding: 24px 24px 0; }",
    "main { padding-bottom: 64px; }",
    "h1 { font-size: 26px; line-height: 1.2; margin: 8px 0 4px; }",
    "h2 { font-size: 21px; line-height: 1.25; margin: 0; overflow-wrap: "
    "anywhere; }",
    "h3 { font-size: 16px; margin: 32px 0 4px; }",
    "p { margin: 0; }",
    ".sub, .say { color: var(--soft); }",
    ".say { font-size: 13px; max-width: 78ch; margin: 4px 0 12px; }",
    "a { color: inherit; text-decoration-color: var(--ok); "
    "text-underline-offset: 3px; }",
    "code, .code { font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace; "
    "overflow-wrap: "
    "anywhere; }",
    "nav { margin: 20px 0 8px; }",
    "section { border-top: 1px solid var(--edge); margin-top: 24px; "
    "padding-top: 24px; }",
    NULL,
};

void page_lines(FILE *f, const char *const *line)
{
    for (; *line; line++) {
        fputs(*line, f);
        fputc('\n', f);
    }
}

void page_begin(FILE *f, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
          "<meta name=\"viewport\" content=\"width=device-width, "
          "initial-scale=1\"/>\n"
          "<meta name=\"color-scheme\" content=\"light dark\"/>\n",
          f);
    html_put(f, "<title>%s</title>\n<style>\n", title);
    page_lines(f, page_style);
}
