"""module_stages.py: the stages of a module, and the slots that its temporaries share.

Lifetimes and slots are worked out here as the compiler does it: a temporary lives from the first stage
that touches it to the last, and takes the first slot that is free by then.

SPDX-License-Identifier: Apache-2.0
"""

from dataclasses import dataclass

from svg import ACCENT, INK, MEMORY, MUTED, RULE, Box, Page, Tint

WIDTH, HEIGHT = 900, 612
CHANNELS, GROUPS, TAPS = 64, 4, 9  # the example: dcnv3_layer of examples/dcnv3_module.lua


@dataclass
class Temporary:
    name: str
    channels: int
    first: int = -1
    last: int = -1
    slot: int = 0


@dataclass(frozen=True)
class Stage:
    name: str
    does: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]


STAGES = (
    Stage("depthwise", "conv2d 3 × 3, a group per channel", ("input",), ("x1",)),
    Stage("norm", "LayerNorm and GELU, row by row, in place", ("x1",), ("x1",)),
    Stage("offset", "conv2d 1 × 1, *C* → 2 · *D* · *K*", ("x1",), ("offset",)),
    Stage("mask", "conv2d 1 × 1, *C* → *D* · *K*", ("x1",), ("mask",)),
    Stage("value", "conv2d 1 × 1, *C* → *C*", ("input",), ("xp",)),
    Stage("core", "dcnv3 with softmax and projection", ("xp", "offset", "mask"), ("output",)),
)
# In the order in which the module asks for them.
TEMPORARIES = (
    Temporary("x1", CHANNELS),
    Temporary("offset", 2 * GROUPS * TAPS),
    Temporary("mask", GROUPS * TAPS),
    Temporary("xp", CHANNELS),
)


def find_lifetimes() -> None:
    for t in TEMPORARIES:
        used = [i for i, stage in enumerate(STAGES) if t.name in stage.reads + stage.writes]
        t.first, t.last = used[0], used[-1]


def assign_slots() -> int:
    """The number of slots."""
    busy_until: list[int] = []
    for t in TEMPORARIES:
        free = (i for i, last in enumerate(busy_until) if last < t.first)
        t.slot = next(free, len(busy_until))
        busy_until[t.slot : t.slot + 1] = [t.last]
    return len(busy_until)


# ---- the picture -------------------------------------------------------------------------------

TOP, PITCH = 112.0, 54.0
STAGE_X, STAGE_W = 24.0, 318.0
COLUMN_X, COLUMN_PITCH, BAR_W = 412.0, 107.0, 84.0


def row_y(stage: int) -> float:
    return TOP + PITCH * (stage + 0.5)


def column_x(column: int) -> float:
    return COLUMN_X + COLUMN_PITCH * column


def column_of(tensor: str, slots: int) -> int:
    if tensor in ("input", "output"):
        return 0 if tensor == "input" else slots + 1
    return 1 + next(t.slot for t in TEMPORARIES if t.name == tensor)


def bar(page: Page, column: int, first: int, last: int, tint: Tint) -> Box:
    b = Box(column_x(column) - BAR_W / 2, row_y(first) - 19, BAR_W, PITCH * (last - first) + 38)
    page.box(b, tint, radius=7, width=1.5)
    return b


def headings(page: Page, slots: int) -> None:
    y = TOP - 18
    page.text(STAGE_X, y, "stage", 13, bold=True)
    page.middle(column_x(0), y, "input", bold=True)
    for i in range(slots):
        page.middle(column_x(1 + i), y, f"slot {i}", bold=True)
    page.middle(column_x(slots + 1), y, "output", bold=True)
    page.wide(column_x(1) - BAR_W / 2, column_x(slots) + BAR_W / 2, y - 22, "shared workspace")


def lifelines(page: Page, slots: int) -> None:
    for column in (0, slots + 1):
        x = column_x(column)
        page.line(x, TOP + 6, x, row_y(len(STAGES) - 1) + 21, RULE, 1.5)


def stage_row(page: Page, i: int) -> None:
    stage, y = STAGES[i], row_y(i)
    b = Box(STAGE_X, y - 20, STAGE_W, 40)
    page.box(b, Tint("#f4f6f8", RULE), radius=5)
    page.text(b.x + 12, y + 4.5, str(i), 13, colour=MUTED)
    page.text(b.x + 34, y - 3, stage.name, 13, bold=True)
    page.text(b.x + 34, y + 13, stage.does, colour=MUTED)


def access(page: Page, x: float, y: float, reads: bool, writes: bool) -> None:
    if reads:
        page.circle(x, y, 7, Tint("#ffffff", INK))
    if writes:
        page.circle(x, y, 3.5 if reads else 7, Tint(INK, INK))


def accesses(page: Page, i: int, slots: int) -> None:
    stage, y = STAGES[i], row_y(i)
    for tensor in stage.reads + stage.writes:
        x = column_x(column_of(tensor, slots))
        access(page, x, y, tensor in stage.reads, tensor in stage.writes)


def reach(page: Page, i: int, slots: int) -> None:
    """The line from a stage to the farthest tensor that it touches; it passes behind the bars of others."""
    stage = STAGES[i]
    far = max(column_x(column_of(t, slots)) for t in stage.reads + stage.writes)
    page.line(STAGE_X + STAGE_W, row_y(i), far, row_y(i), RULE, 1.2)


def temporaries(page: Page) -> None:
    for t in TEMPORARIES:
        b = bar(page, 1 + t.slot, t.first, t.last, ACCENT)
        y = row_y(t.first) + PITCH / 2
        page.middle(b.mid, y - 5, t.name, bold=True)
        page.middle(b.mid, y + 10, f"{t.channels} channels", colour=MUTED)


def key(page: Page) -> None:
    y, x = 29.0, 604.0
    kinds = (("reads", True, False), ("writes", False, True), ("in place", True, True))
    for words, reads, writes in kinds:
        access(page, x, y, reads, writes)
        page.text(x + 13, y + 4, words)
        x += 88


def workspace(page: Page, top: float, slots: int) -> None:
    sizes = [max(t.channels for t in TEMPORARIES if t.slot == i) for i in range(slots)]
    scale, x = 3.0, STAGE_X
    page.text(STAGE_X, top - 14, "The shared workspace, slots to scale", 13, bold=True)
    for i, channels in enumerate(sizes):
        b = Box(x, top, channels * scale, 40)
        page.box(b, ACCENT, width=1.2)
        names = " / ".join(t.name for t in TEMPORARIES if t.slot == i)
        page.middle(b.mid, top + 17, f"slot {i}", bold=True)
        page.middle(b.mid, top + 33, f"{names}: {channels}", colour=MUTED)
        x = b.right
    rest = Box(x, top, WIDTH - 24 - x, 40)
    page.box(rest, MEMORY, width=1.2, dash="5 3")
    page.middle(rest.mid, top + 17, "workspace of the running stage", bold=True)
    page.middle(rest.mid, top + 33, "the most that any stage needs", colour=MUTED)
    together = sum(t.channels for t in TEMPORARIES)
    notes = (
        f"A slot holds its largest temporary, *N* · *H* · *W* · channels elements: {sum(sizes)} channels in "
        f"all instead of {together}.",
        "The phases of stage 0 run first, then those of stage 1, and so on; threads meet after every phase.",
        f"Here *C* = {CHANNELS}, *D* = {GROUPS} offset groups, *K* = {TAPS} taps. With `center_feature_scale` "
        "the stages share, blend and project follow the core.",
    )
    for i, words in enumerate(notes):
        page.text(STAGE_X, top + 66 + 20 * i, words)


def draw() -> str:
    find_lifetimes()
    slots = assign_slots()
    page = Page(
        WIDTH,
        HEIGHT,
        "Stages of dcnv3_module and the slots of their temporaries",
        "Six stages: depthwise, norm, offset, mask, value and core. Temporary x1 lives from stage 0 to 3 in "
        "slot 0, offset from 2 to 5 in slot 1, mask from 3 to 5 in slot 2, and xp from 4 to 5 in slot 0 "
        "again. The workspace holds the slots and then the workspace of the running stage.",
    )
    page.text(16, 33, "Stages of `dcnv3_module` and slots of its temporaries", 17, bold=True)
    key(page)
    headings(page, slots)
    lifelines(page, slots)
    for i in range(len(STAGES)):
        reach(page, i, slots)
        stage_row(page, i)
    temporaries(page)
    for i in range(len(STAGES)):
        accesses(page, i, slots)
    workspace(page, 492, slots)
    return page.render()
