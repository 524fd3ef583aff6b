"""tiled_loops.py: the loop nest of lowering `tiled`, and the caches its tiles live in.

Frames are loops, outermost first; within a frame, what one round of the loop works on. The sizes are those of
one example, by the formulas of the plan.

SPDX-License-Identifier: Apache-2.0
"""

from svg import FAINT, INK, L1, L2, MEMORY, MUTED, PLAIN, REGISTER, RULE, Box, Page, Tint

WIDTH, HEIGHT = 900, 1138
# The example: f32 on AVX-512, a 3x3 layer with 128 channels.
LANES, REGISTERS, BYTES = 16, 32, 4
CHANNELS, OUTPUTS, TAPS = 128, 128, 9
TILE_H, TILE_W, MR, NV, KC_CHANNELS = 16, 12, 6, 4, 64
PIXELS, KC, NR = TILE_H * TILE_W, KC_CHANNELS * TAPS, NV * LANES

# Columns of the picture as in C += A x B: what is summed, what is sampled, what is packed.
SUMS, SAMPLED, PACKED = 158.0, 424.0, 704.0
WIDE, DEEP, TALL = 144.0, 112.0, 108.0  # O, kc and the pixels of a tile, in pixels of the picture

# Where the taps of one pixel look, in pixels of the input as drawn.
SAMPLES = (
    ((2.4, 1.3), (5.2, 1.7), (8.6, 1.2))
    + ((1.3, 3.6), (4.4, 3.3), (7.3, 4.2))
    + ((2.2, 6.2), (5.7, 5.6), (8.4, 6.5))
)


def odd_lines(elements: int) -> int:
    """A row padded to an odd number of cache lines, so that rows spread over the sets of a cache."""
    per_line = 64 // BYTES
    return (-(-elements // per_line) | 1) * per_line


def kib(elements: int) -> str:
    return f"{elements * BYTES / 1024:.0f} KiB"


def frame(page: Page, level: int, top: float, bottom: float, words: str, note: str = "") -> None:
    inset = 14 + 11 * level
    page.box(Box(inset, top, WIDTH - 2 * inset, bottom - top), PLAIN, radius=7, width=1.2)
    page.text(inset + 14, top + 21, words, 13, bold=True)
    if note:
        page.text(WIDTH - inset - 14, top + 21, note, anchor="end", colour=MUTED)


def captions(page: Page, x: float, y: float, *lines: str) -> None:
    for i, words in enumerate(lines):
        page.middle(x, y + 16 * i, words, colour=MUTED)


def centred(x: float, y: float, w: float, h: float) -> Box:
    return Box(x - w / 2, y, w, h)


def sign(page: Page, x: float, y: float, words: str) -> None:
    page.text(x, y + 6, words, 20, "middle", colour=MUTED)


def product_signs(page: Page, y: float) -> None:
    sign(page, SUMS + 116, y, "+=")
    sign(page, SAMPLED + 116, y, "×")


def ghost(page: Page, b: Box, rows: int, cols: int) -> None:
    page.box(b, Tint("#ffffff", RULE), dash="3 3")
    page.grid(b, rows, cols, FAINT)


# ---- a tile of pixels --------------------------------------------------------------------------


def output_map(page: Page, top: float) -> None:
    b = centred(SUMS, top, WIDE, TALL)
    tile = b.cells(4, 4)[1][1]
    page.middle(SUMS, top - 30, "output", bold=True)
    page.box(b, MEMORY)
    page.grid(b, 4, 4)
    page.box(tile, Tint(MEMORY.edge, INK), width=1.5)
    page.wide(tile.x, tile.right, top - 8, "`tile_w`")
    page.high(b.x - 9, tile.y, tile.bottom, "`tile_h`")
    captions(page, SUMS, b.bottom + 18, "*P* × *Q* pixels × *O* channels")


def input_map(page: Page, top: float) -> None:
    b = centred(SAMPLED, top, WIDE, TALL)
    page.middle(SAMPLED, top - 30, "input", bold=True)
    page.box(b, MEMORY)
    page.grid(b, 9, 12, FAINT)
    page.box(Box(b.x + 8, b.y + 5, 9.8 * 12, 98), Tint("none", L2.edge), width=1.5, dash="4 3")
    for col, row in SAMPLES:
        page.box(Box(b.x + 12 * int(col), b.y + 12 * int(row), 24, 24), Tint("none", MUTED))
        page.circle(b.x + 12 * col + 6, b.y + 12 * row + 6, 2.5, Tint(INK, INK), 0)
    captions(
        page,
        SAMPLED,
        b.bottom + 18,
        "a sample blends 4 neighbouring pixels;",
        "the window of a tile is prefetched into L2;",
        "nchw: a repacked copy, made in phase 0",
    )


def sample_table(page: Page, top: float) -> None:
    b = centred(PACKED, top, 212, 80)
    split, each = b.x + 64, (b.w - 64) / 4
    page.middle(PACKED, top - 30, "sample table", bold=True)
    page.box(b, L2)
    page.grid(b, 4, 1, "#9dbedb")
    page.line(split, b.y, split, b.bottom, L2.edge)
    rows = (("2688", "0.42", "0.28", "0.18", "0.12"), ("2816", "0.10", "0.10", "0.15", "0.15"))
    for i, (address, *coefficients) in enumerate(rows):
        page.middle((b.x + split) / 2, top + 20 * i + 14.5, address)
        for c, words in enumerate(coefficients):
            page.middle(split + each * (c + 0.5), top + 20 * i + 14.5, words)
    others = ((-8, "address", "4 coefficients"), (54.5, "−1", "outside the map"), (74.5, "⋮", "⋮"))
    for y, left, right in others:
        page.middle((b.x + split) / 2, top + y, left, colour=MUTED if y < 0 else INK)
        page.middle((split + b.right) / 2, top + y, right, colour=MUTED)
    captions(
        page,
        PACKED,
        top + TALL + 2,
        "from offsets, masks and the border rule;",
        "one entry per offset group, tap and pixel;",
        "`offset_chunk`: a few pixels at a time, in L1",
    )
    page.arrow(b.x - 8, b.centre, SAMPLED + WIDE / 2 + 8, b.centre)


def tile_level(page: Page, top: float) -> None:
    output_map(page, top)
    input_map(page, top)
    sample_table(page, top)


# ---- a block of the depth ----------------------------------------------------------------------


def block_level(page: Page, top: float) -> None:
    sums, tile = centred(SUMS, top, WIDE, TALL), centred(SAMPLED, top, DEEP, TALL)
    weights = centred(PACKED, top, WIDE, DEEP)
    for b, words in ((sums, "partial sums"), (tile, "im2col tile"), (weights, "packed weights")):
        page.middle(b.mid, top - 30, words, bold=True)
    page.box(sums, MEMORY)
    page.wide(sums.x, sums.right, top - 8, "*O*")
    page.high(sums.x - 9, sums.y, sums.bottom, "pixels")
    page.box(tile, L2)
    page.wide(tile.x, tile.right, top - 8, "*kc*")
    page.high(tile.x - 9, tile.y, tile.bottom, "pixels")
    page.box(weights, L2)
    page.wide(weights.x, weights.right, top - 8, "*O*")
    page.high(weights.x - 9, weights.y, weights.bottom, "*kc*")
    product_signs(page, sums.centre)
    below = top + DEEP + 17
    captions(page, SUMS, below, "nhwc: in the output itself", "nchw: in an output tile, in L2")
    captions(
        page,
        SAMPLED,
        below,
        "all that ever exists of im2col",
        f"{PIXELS} × {KC} elements: {kib(PIXELS * odd_lines(KC))}",
    )
    captions(
        page,
        PACKED,
        below,
        "of this block; packed once, in reading order",
        f"{KC} × {OUTPUTS} elements: {kib(KC * OUTPUTS)}",
    )


# ---- macro-kernel and micro-kernel ----------------------------------------------------------------------


def macro_level(page: Page, top: float) -> None:
    rows, cols = 6, OUTPUTS // NR
    sums, tile = centred(SUMS, top, WIDE, TALL), centred(SAMPLED, top, DEEP, TALL)
    weights = centred(PACKED, top, WIDE, DEEP)
    for b, r, c in ((sums, rows, cols), (tile, rows, 1), (weights, 1, cols)):
        ghost(page, b, r, c)
    block, panel = sums.cells(rows, cols)[2][0], tile.cells(rows, 1)[2][0]
    page.box(Box(sums.x, block.y, sums.w, block.h), MEMORY)
    page.box(block, Tint(MEMORY.edge, INK), width=1.5)
    page.box(panel, L1, width=1.5)
    page.box(weights, L2)
    page.grid(weights, 1, cols, L2.edge)
    current = weights.cells(1, cols)[0][0]
    page.box(current, Tint("#8fbde6", L2.edge), width=1.5)
    page.arrow(current.mid, weights.centre, current.right + 26, weights.centre)
    page.arrow(tile.right + 10, panel.centre, tile.right + 10, panel.bottom + 26)
    page.wide(block.x, block.right, top - 8, "*nr*")
    page.high(sums.x - 9, block.y, block.bottom, "*mr*")
    page.wide(tile.x, tile.right, top - 8, "*kc*")
    page.high(tile.x - 9, panel.y, panel.bottom, "*mr*")
    page.wide(current.x, current.right, top - 8, "*nr*")
    page.high(weights.x - 9, weights.y, weights.bottom, "*kc*")
    product_signs(page, sums.centre)
    below = top + DEEP + 17
    captions(page, SUMS, below, "one *mr* × *nr* block per call")
    captions(page, SAMPLED, below, f"im2col panel: stays in L1, {kib(MR * odd_lines(KC))}")
    captions(page, PACKED, below, f"weights panels pass by, {kib(KC * NR)} each")
    words = (
        "`loop_order` 1 exchanges the two loops: a weights panel stays while im2col panels pass by. "
        "It suits weights larger than L2."
    )
    page.middle(WIDTH / 2, below + 26, words)


def micro_level(page: Page, top: float) -> None:
    high = 96.0
    sums, panel = centred(SUMS, top, WIDE, high), centred(SAMPLED, top, DEEP, high)
    weights = centred(PACKED, top, WIDE, high)
    page.box(sums, REGISTER)
    page.grid(sums, MR, NV, REGISTER.edge)
    page.wide(sums.x, sums.right, top - 8, "*nv* vectors")
    page.high(sums.x - 9, sums.y, sums.bottom, "*mr*")
    page.box(panel, L1)
    page.grid(panel, MR, 1, "#e2b877")
    column = Box(panel.x + 48, top, 12, high)
    page.box(column, REGISTER)
    page.grid(column, MR, 1, REGISTER.edge)
    page.middle(column.mid, top - 6, "*k*")
    page.high(panel.x - 9, panel.y, panel.bottom, "*mr*")
    page.box(weights, Tint("#8fbde6", L2.edge))
    row = Box(weights.x, top + 44, WIDE, 14)
    page.box(row, REGISTER)
    page.grid(row, 1, NV, REGISTER.edge)
    page.wide(weights.x, weights.right, top - 8, "*nv* vectors")
    page.text(weights.x - 7, row.centre + 4, "*k*", anchor="end")
    product_signs(page, sums.centre)
    below = top + high + 17
    captions(page, SUMS, below, "accumulators", f"{MR} × {NV} = {MR * NV} of {REGISTERS} registers")
    captions(page, SAMPLED, below, "element *k* of each pixel, broadcast", "1 register at a time")
    captions(page, PACKED, below, "row *k* of the weights panel", f"{NV} registers")


def steps(page: Page, top: float) -> None:
    """What happens around the loop over k, from left to right."""
    texts = (
        ("first block: sums = 0", "later: the stored partial sums"),
        ("for each *k* < *kc*:", "*mr* · *nv* multiply-adds"),
        ("last block: epilogue", "act((sum + bias) · scale + shift + residual)"),
        ("store *mr* rows", "of *nr* outputs"),
    )
    x = 66.0
    for i, (w, lines) in enumerate(zip((186, 146, 264, 118), texts)):
        b = Box(x, top, w, 44)
        page.box(b, Tint("#f4f6f8", RULE), radius=5)
        for j, words in enumerate(lines):
            page.middle(b.mid, top + 18 + 17 * j, words)
        x = b.right + 18
        if i < 3:
            page.arrow(b.right + 2, b.centre, x - 2, b.centre)


MACRO_LOOPS = "panel of *mr* pixels, for each panel of *nr* output channels"
# Level, top, bottom, the loop and a note at the right.
FRAMES = (
    (0, 50, 1078, "for each tile of output pixels", "`grain` tiles are a task of one thread"),
    (1, 302, 1046, "for each packed group, channel block, tap block", "*kc* = channels × taps of the block"),
    (2, 540, 1036, f"macro-kernel: for each {MACRO_LOOPS}", "`loop_order` 0"),
    (3, 766, 1026, "micro-kernel: for each *k* < *kc*, a rank-1 update", "*nr* = *nv* vectors"),
)


def draw() -> str:
    page = Page(
        WIDTH,
        HEIGHT,
        "Loop nest of lowering tiled",
        "Four nested loops. For each tile of output pixels a sample table is made. For each packed group, "
        "channel block and tap block an im2col tile is sampled into L2. The macro-kernel goes over panels of "
        "mr pixels, which stay in L1, and over panels of nr output channels of the packed weights, which come "
        "from L2. The micro-kernel keeps mr times nv accumulators in registers over the loop along kc, and "
        "ends with the epilogue.",
    )
    page.text(16, 33, "Lowering `tiled`: loops, tiles and their caches", 17, bold=True)
    page.caches()
    for level, top, bottom, words, note in FRAMES:
        frame(page, level, top, bottom, words, note)
    tile_level(page, 126)
    page.arrow(SAMPLED, 294, SAMPLED, 334)
    block_level(page, 380)
    macro_level(page, 596)
    micro_level(page, 824)
    steps(page, 970)
    words = (
        "nchw: the output tile is transposed into the output; a residual, and the activation after it, "
        "join there."
    )
    page.text(28, 1066, words)
    notes = (
        "Without offsets (conv2d), panels inside the map are read from the input itself: `implicit_gemm`.",
        f"Example sizes: f32, {LANES} lanes, {REGISTERS} registers; *C* = *O* = {OUTPUTS}, 3 × 3 taps; "
        f"`tile_h`={TILE_H} `tile_w`={TILE_W} `mr`={MR} `nv`={NV} `kc_channels`={KC_CHANNELS}.",
    )
    for i, words in enumerate(notes):
        page.text(16, 1102 + 20 * i, words, colour=MUTED)
    return page.render()
