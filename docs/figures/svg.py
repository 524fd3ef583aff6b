"""svg.py: a page to draw on, in few words: boxes, lines, arrows, dimensions and text.

Colours say where a thing lives and mean the same in every figure. They are told apart by readers with any
colour vision, and in print: each has a light fill and a dark edge of its own. Text takes a little markup:
*slanted* for variables, `code` for names of knobs and arrays.

SPDX-License-Identifier: Apache-2.0
"""

import re
from typing import NamedTuple
from xml.sax.saxutils import escape

INK, MUTED, RULE, FAINT = "#1f2933", "#52606d", "#9aa5b1", "#d5dbe1"
SANS = "Helvetica, Arial, 'Liberation Sans', sans-serif"
MONO = "Menlo, Consolas, 'Liberation Mono', monospace"


class Tint(NamedTuple):
    fill: str
    edge: str


PLAIN = Tint("#ffffff", RULE)
MEMORY = Tint("#eceff2", "#7b8794")
L2 = Tint("#cfe3f5", "#2b6ca3")
L1 = Tint("#fbdfb3", "#b06a00")
REGISTER = Tint("#b9e3d3", "#00705a")
ACCENT = Tint("#dcd2ee", "#5f4495")  # says nothing of where
PAPER = Tint("#ffffff", "none")


class Box(NamedTuple):
    """A rectangle in pixels; the origin is the upper left corner of the page."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h

    @property
    def mid(self) -> float:
        return self.x + self.w / 2

    @property
    def centre(self) -> float:
        return self.y + self.h / 2

    def cells(self, rows: int, cols: int) -> list[list["Box"]]:
        w, h = self.w / cols, self.h / rows
        return [
            [Box(self.x + c * w, self.y + r * h, w, h) for c in range(cols)] for r in range(rows)
        ]


def number(x: float) -> str:
    return f"{x:.1f}".removesuffix(".0")


def styled(words: str) -> str:
    """The markup of the head of this file as tspans."""
    parts: list[str] = []
    for part in re.split(r"(\*[^*]+\*|`[^`]+`)", words):
        inner = escape(part[1:-1])
        if part.startswith("*"):
            parts.append(f'<tspan font-style="italic">{inner}</tspan>')
        elif part.startswith("`"):
            parts.append(f'<tspan font-family="{MONO}">{inner}</tspan>')
        else:
            parts.append(escape(part))
    return "".join(parts)


class Page:
    def __init__(self, width: int, height: int, title: str, desc: str) -> None:
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="{SANS}" fill="{INK}" role="img" '
            'aria-labelledby="title desc">',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="desc">{escape(desc)}</desc>',
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
            'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
            f'<path d="M0 0.5L8 4L0 7.5z" fill="{MUTED}"/></marker></defs>',
        ]
        self.box(Box(0, 0, width, height), PAPER, radius=8)

    def box(self, b: Box, tint: Tint, radius: float = 0, width: float = 1, dash: str = "") -> None:
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        rounded = f' rx="{number(radius)}"' if radius else ""
        stroke = f' stroke="{tint.edge}" stroke-width="{number(width)}"'
        stroke = "" if tint.edge == "none" else stroke
        self.parts.append(
            f'<rect x="{number(b.x)}" y="{number(b.y)}" width="{number(b.w)}" '
            f'height="{number(b.h)}"{rounded} fill="{tint.fill}"{stroke}{dashed}/>'
        )

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float = 12,
        anchor: str = "start",
        bold: bool = False,
        colour: str = INK,
    ) -> None:
        weight = ' font-weight="bold"' if bold else ""
        place = "" if anchor == "start" else f' text-anchor="{anchor}"'
        fill = "" if colour == INK else f' fill="{colour}"'
        self.parts.append(
            f'<text x="{number(x)}" y="{number(y)}" font-size="{number(size)}"{place}{weight}'
            f"{fill}>{styled(words)}</text>"
        )

    def middle(self, x: float, y: float, words: str, bold: bool = False, colour: str = INK) -> None:
        self.text(x, y, words, anchor="middle", bold=bold, colour=colour)

    def path(
        self, d: str, colour: str = RULE, width: float = 1, dash: str = "", tip: bool = False
    ) -> None:
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        marker = ' marker-end="url(#tip)"' if tip else ""
        self.parts.append(
            f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{number(width)}"'
            f"{dashed}{marker}/>"
        )

    def line(
        self, x0: float, y0: float, x1: float, y1: float, colour: str = RULE, width: float = 1
    ) -> None:
        self.path(f"M{number(x0)} {number(y0)}L{number(x1)} {number(y1)}", colour, width)

    def arrow(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self.path(f"M{number(x0)} {number(y0)}L{number(x1)} {number(y1)}", MUTED, 1.5, tip=True)

    def circle(self, x: float, y: float, radius: float, tint: Tint, width: float = 1.5) -> None:
        self.parts.append(
            f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{tint.fill}" '
            f'stroke="{tint.edge}" stroke-width="{number(width)}"/>'
        )

    def grid(self, b: Box, rows: int, cols: int, colour: str = RULE) -> None:
        """The lines between rows and columns of equal size, without the frame."""
        lines = [
            f"M{number(b.x + b.w * i / cols)} {number(b.y)}v{number(b.h)}" for i in range(1, cols)
        ]
        lines += [
            f"M{number(b.x)} {number(b.y + b.h * i / rows)}h{number(b.w)}" for i in range(1, rows)
        ]
        if lines:
            self.path("".join(lines), colour)

    def wide(self, x0: float, x1: float, y: float, words: str) -> None:
        """A dimension above something: a line with ends, and its name over it."""
        self.path(f"M{number(x0 + 0.5)} {number(y - 3)}v6m0 -3H{number(x1 - 0.5)}m0 -3v6", MUTED)
        self.middle((x0 + x1) / 2, y - 5, words)

    def high(self, x: float, y0: float, y1: float, words: str) -> None:
        """A dimension at the left of something."""
        self.path(f"M{number(x - 3)} {number(y0 + 0.5)}h6m-3 0V{number(y1 - 0.5)}m-3 0h6", MUTED)
        self.text(x - 6, (y0 + y1) / 2 + 4, words, anchor="end")

    def caches(self) -> None:
        """What the colours mean, at the upper right."""
        x = 594.0
        for tint, words in ((MEMORY, "memory"), (L2, "L2"), (L1, "L1"), (REGISTER, "registers")):
            self.box(Box(x, 20, 16, 14), tint)
            self.text(x + 22, 31.5, words)
            x += 50 + 7 * len(words)

    def render(self) -> str:
        return "\n".join([*self.parts, "</svg>"]) + "\n"
