"""packed_panels.py: the order of elements in the im2col tile, the packed weights and a packed group.

The numbers in the cells are computed by the formulas of the plan for a small example.

SPDX-License-Identifier: Apache-2.0
"""

from svg import ACCENT, FAINT, INK, L1, L2, MEMORY, MUTED, REGISTER, Box, Page, Tint

WIDTH, HEIGHT = 900, 936
# The example: f32 with vectors of four lanes.
LANES, NV, MR = 4, 2, 4
CHANNELS, TAPS, OUTPUTS, PIXELS = 4, 3, 11, 8
KC, NR = CHANNELS * TAPS, NV * LANES
LINE = 16  # elements of a cache line
STRIDE = (-(-KC // LINE) | 1) * LINE
PADDED = -(-OUTPUTS // LANES) * LANES
STEP = 5  # the step of the micro-kernel that is shown

CELL_W, CELL_H, GAP = 26.0, 21.0, 10.0
LEFT, RIGHT, TOP, LOW = 76.0, 546.0, 108.0, 412.0
CURRENT = Tint("#8fbde6", L2.edge)
BLANK = Tint("#ffffff", FAINT)
GROUPS = (ACCENT, Tint("#ffffff", ACCENT.edge))


def column_element(pixel: int, k: int) -> int:
    return pixel * STRIDE + k


def packed_element(k: int, output: int) -> int:
    """Panels of NR outputs one after another, each [k][lane]; the last one has what is left."""
    first = output // NR * NR
    width = min(NR, PADDED - first)
    return KC * first + k * width + output - first


def column_x(output: int) -> float:
    return RIGHT + output * CELL_W + output // NR * GAP


def pixel_y(pixel: int) -> float:
    return LOW + pixel * CELL_H + pixel // MR * GAP


def cell(page: Page, x: float, y: float, words: str, tint: Tint, faint: bool = False) -> None:
    page.box(Box(x, y, CELL_W, CELL_H), tint)
    if words:
        page.middle(x + CELL_W / 2, y + 15, words, colour=MEMORY.edge if faint else INK)


# ---- im2col tile, weights, outputs -------------------------------------------------------------


def im2col_tile(page: Page) -> None:
    for pixel in range(PIXELS):
        for k in range(STRIDE):
            tint = REGISTER if pixel < MR and k == STEP else L1 if pixel < MR else L2
            if k >= KC:
                tint = BLANK
            words = str(column_element(pixel, k))
            cell(page, LEFT + k * CELL_W, pixel_y(pixel), words, tint, k >= KC)
    for tap in range(TAPS):
        x = LEFT + tap * CHANNELS * CELL_W
        page.wide(x + 2, x + CHANNELS * CELL_W - 2, LOW - 30, f"tap {tap}")
    page.wide(LEFT + KC * CELL_W + 2, LEFT + STRIDE * CELL_W - 2, LOW - 30, "padding")
    for k in range(KC):
        page.middle(LEFT + (k + 0.5) * CELL_W, LOW - 9, f"c{k % CHANNELS}", colour=MUTED)
    page.text(LEFT, LOW - 56, "im2col tile", 14, bold=True)
    page.text(LEFT + 100, LOW - 56, "`column[pixel][k]`", 13)
    for panel in range(PIXELS // MR):
        y = pixel_y(panel * MR)
        page.high(LEFT - 9, y, y + MR * CELL_H, "*mr*")
    words = f"f32, {LANES} lanes; {CHANNELS} channels × {TAPS} taps: *kc* = {KC}; {OUTPUTS} outputs"
    page.text(LEFT, pixel_y(PIXELS - 1) + CELL_H + 18, words, colour=MUTED)


def packed_weights(page: Page) -> None:
    for k in range(KC):
        y = TOP + k * CELL_H
        for output in range(PADDED):
            tint = L2 if output >= NR else REGISTER if k == STEP else CURRENT
            if output >= OUTPUTS:
                tint = BLANK
            words = str(packed_element(k, output))
            cell(page, column_x(output), y, words, tint, output >= OUTPUTS)
        words = f"*k* = {k}" if k in (0, STEP) else str(k)
        page.text(RIGHT - 8, y + 15, words, anchor="end", colour=MUTED)
    page.text(RIGHT, TOP - 42, "packed weights", 14, bold=True)
    page.text(RIGHT + 132, TOP - 42, "`packed[panel][k][lane]`", 13)
    words = f"panel 0: *nr* = {NR}, *nv* = {NV} vectors"
    page.wide(column_x(0), column_x(NR - 1) + CELL_W, TOP - 12, words)
    page.wide(column_x(NR), column_x(PADDED - 1) + CELL_W, TOP - 12, "panel 1")
    for x in [column_x(o) for o in range(LANES, NR, LANES)]:
        page.line(x, TOP, x, TOP + KC * CELL_H, L2.edge, 2)


def outputs(page: Page) -> None:
    for pixel in range(PIXELS):
        for output in range(PADDED):
            tint = REGISTER if pixel < MR and output < NR else MEMORY
            if output >= OUTPUTS:
                tint = BLANK
            cell(page, column_x(output), pixel_y(pixel), "", tint)
    page.box(Box(column_x(0) + 31, LOW + 23, 8 * CELL_W - 62, 38), Tint(REGISTER.fill, "none"))
    page.middle(column_x(4), LOW + 38, "accumulators of")
    page.middle(column_x(4), LOW + 54, "one micro-kernel call")
    words = f"output channels 0 … {OUTPUTS - 1}; lane {OUTPUTS} is masked"
    page.text(column_x(0), pixel_y(PIXELS - 1) + CELL_H + 18, words, colour=MUTED)


def explanation(page: Page) -> None:
    lines = (
        "A number is the place of an element in its array, not its value.",
        "",
        "*k* = tap · channels + channel, the channels of a sample together;",
        "with several offset groups *k* runs [offset group][tap][channel].",
        "A row is padded to an odd number of cache lines, so that rows",
        "spread over the sets of a cache.",
        "",
        "Weights are packed once, in the order of reading, as",
        "[packed group][channel block][tap block][panel][*k*][lane].",
        "Panels are whole vectors; lanes beyond *O* hold zeros.",
        "",
        f"Step *k* = {STEP} of the micro-kernel: *mr* elements a row apart are",
        "broadcast, *nr* elements side by side are loaded.",
    )
    for i, words in enumerate(lines):
        page.text(24, 70 + 18 * i - 5 * lines[:i].count(""), words, 13)


# ---- packed group ------------------------------------------------------------------------------


def vector(
    page: Page, x: float, y: float, labels: list[tuple[int, str]], numbered: bool = True
) -> None:
    """Lanes, each with its weight group and a label."""
    for lane, (group, words) in enumerate(labels):
        b = Box(x + 54 * lane, y, 54, 26)
        page.box(b, GROUPS[group], width=1.2)
        page.middle(b.mid, y + 17.5, words)
        if numbered:
            page.middle(b.mid, y - 7, str(lane), colour=MUTED)


def packed_group(page: Page, top: float) -> None:
    pack, channels, outs = 2, 2, 2
    lanes = [(lane % pack, lane // pack) for lane in range(pack * outs)]
    page.line(16, top, WIDTH - 16, top, FAINT)
    words = "Packed group: narrow weight groups side by side in one vector (`group_pack`)"
    page.text(24, top + 28, words, 14, bold=True)
    page.text(24, top + 50, "Here two weight groups, *pack* = 2, with 2 channels and 2 outputs each:", 13)
    for group in range(pack):
        x = 540 + 92 * group
        page.box(Box(x, top + 38, 18, 15), GROUPS[group], width=1.2)
        page.text(x + 25, top + 50, f"group {group}", 13)
    x0, y, w = 246.0, top + 92, 34.0
    page.text(x0 - 12, y + 17, "im2col row of one pixel", anchor="end")
    for i in range(TAPS * channels * pack):
        b = Box(x0 + w * i, y, w, 25)
        page.box(b, GROUPS[i % pack], width=1.2)
        page.middle(b.mid, y + 17, f"c{i // pack % channels}")
    for tap in range(TAPS):
        x = x0 + tap * channels * pack * w
        page.wide(x + 2, x + channels * pack * w - 2, y - 9, f"tap {tap}")
    for k in range(TAPS * channels):
        x = x0 + k * pack * w
        page.path(f"M{x + 3:.0f} {y + 29:.0f}v4h{pack * w - 6:.0f}v-4", MUTED)
        page.middle(x + w, y + 47, f"*k* = {k}")
    page.arrow(x0 + 7 * w, y + 54, x0 + 7 * w, y + 76)
    y += 100
    vector(page, 70, y, [(g, f"g{g} o{o}") for g, o in lanes])
    vector(page, 350, y, [(g, f"g{g} c1") for g, _ in lanes])
    vector(page, 634, y, [(g, f"g{g} o{o}") for g, o in lanes])
    page.text(318, y + 20, "+=", 20, "middle", colour=MUTED)
    page.text(600, y + 20, "×", 20, "middle", colour=MUTED)
    page.middle(178, y + 45, "accumulators, in that order too", colour=MUTED)
    page.middle(458, y + 45, "the pair of step *k* = 3, repeated over the lanes", colour=MUTED)
    page.middle(742, y + 45, "weights: lane = output · *pack* + group", colour=MUTED)
    page.arrow(178, y + 52, 178, y + 70)
    vector(page, 70, y + 76, [(g, f"g{g} o{o}") for g in range(pack) for o in range(outs)], False)
    page.text(302, y + 94, "stored in the order of memory, group by group", colour=MUTED)


def draw() -> str:
    page = Page(
        WIDTH,
        HEIGHT,
        "Element order of packed panels",
        "The im2col tile has a row per pixel; within a row k runs over taps, then channels, and the row is "
        "padded. Packed weights are panels of nr lanes one after another; within a panel a row of lanes for "
        "each k. One step of the micro-kernel multiplies mr elements of a column of the im2col panel with a "
        "row of the weights panel. In a packed group lane number output times pack plus group belongs to "
        "that output of that weight group.",
    )
    page.text(16, 33, "Element order of im2col tile and packed weights", 17, bold=True)
    page.caches()
    explanation(page)
    packed_weights(page)
    im2col_tile(page)
    outputs(page)
    packed_group(page, 634)
    return page.render()
