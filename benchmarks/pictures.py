"""The pictures as hand-written SVG: latency distributions on a logarithmic scale, and pairs of bars."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 40, 50
COLOURS = ("#1f6feb", "#d1542c", "#2da44e", "#8250df", "#9a6700", "#57606a")
_STYLE = "font: 12px system-ui, sans-serif"


@dataclass(slots=True)
class Drawing:
    """An SVG drawing with a white background, which is readable on a dark page."""

    title: str
    parts: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, said: str, anchor: str = "start") -> None:
        """Draws text."""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(said)}</text>')

    def line(self, x: float, y: float, to_x: float, to_y: float, colour: str = "#d0d7de") -> None:
        """Draws a straight line."""
        self.parts.append(f'<path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" stroke="{colour}" fill="none"/>')

    def curve(self, points: Sequence[tuple[float, float]], colour: str) -> None:
        """Draws a line through points."""
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        self.parts.append(f'<path d="M{path}" stroke="{colour}" stroke-width="2" fill="none"/>')

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Draws a filled rectangle."""
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>')

    def done(self) -> str:
        """Returns the file's content."""
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" style="{_STYLE}" role="img">'
        title = f"<title>{escape(self.title)}</title>"
        paper = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        heading = f'<text x="{LEFT}" y="22" style="font-weight: 600">{escape(self.title)}</text>'
        return "\n".join([head, title, paper, heading, *self.parts, "</svg>"]) + "\n"


def distributions(title: str, found: dict[str, Sequence[float]]) -> str:
    """Draws the share of texts (y) that took at most this many milliseconds (x, logarithmic).

    Args:
        title: of the picture.
        found: the hundred quantiles in milliseconds by the curve's name.
    """
    drawing = Drawing(title)
    least = max(0.01, min(min(values) for values in found.values()))
    low, high = math.floor(math.log10(least)), math.ceil(math.log10(max(max(values) for values in found.values())))
    high = max(high, low + 1)

    def place(milliseconds: float) -> float:
        share = (math.log10(max(milliseconds, 10.0**low)) - low) / (high - low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    for power in range(low, high + 1):
        drawing.line(place(10.0**power), TOP, place(10.0**power), HEIGHT - BOTTOM)
        drawing.text(place(10.0**power), HEIGHT - BOTTOM + 18, f"{10.0**power:g} ms", "middle")
    for percent in (0, 50, 99):
        drawing.line(LEFT, _height(percent), WIDTH - RIGHT, _height(percent))
        drawing.text(LEFT - 8, _height(percent) + 4, f"{percent} %", "end")
    for number, (name, values) in enumerate(found.items()):
        points = [(place(value), _height(percent)) for percent, value in enumerate(values)]
        drawing.curve(points, COLOURS[number % len(COLOURS)])
        _legend(drawing, number, name)
    return drawing.done()


def bars(title: str, unit: str, names: tuple[str, str], found: dict[str, tuple[float, float]]) -> str:
    """Draws pairs of bars, each pair on its own scale.

    Args:
        title: of the picture.
        unit: of the values.
        names: of the first and the second bar of each pair.
        found: the two values by the pair's name.
    """
    drawing = Drawing(f"{title} ({unit})")
    most = max(max(pair) for pair in found.values()) or 1.0
    step = (WIDTH - LEFT - RIGHT) / len(found)
    drawing.line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM)
    for number, (name, pair) in enumerate(found.items()):
        x = LEFT + number * step
        drawing.text(x + step / 2, HEIGHT - BOTTOM + 18, name, "middle")
        for which, value in enumerate(pair):
            height = value / most * (HEIGHT - TOP - BOTTOM - 20)
            left = x + step * (0.15 + which * 0.36)
            drawing.box(left, HEIGHT - BOTTOM - height, step * 0.32, height, COLOURS[which])
            drawing.text(left + step * 0.16, HEIGHT - BOTTOM - height - 5, _spell(value), "middle")
    for number, name in enumerate(names):
        _legend(drawing, number, name)
    return drawing.done()


def all_of(document: dict[str, Any]) -> dict[str, str]:
    """Returns the pictures that the document has data for, by file name."""
    shapes, figures = document["distributions"], {each["name"]: each["median"] for each in document["figures"]}
    made: dict[str, str] = {}
    for name, (title, prefix) in _CURVES.items():
        found = {_curve(each, prefix): values for each, values in shapes.items() if each.startswith(prefix)}
        if found:
            made[name] = distributions(title, found)
    for name, (title, unit, names, pairs) in _PAIRS.items():
        both = {called: (figures[a], figures[b]) for called, (a, b) in pairs.items() if a in figures and b in figures}
        if both:
            made[name] = bars(title, unit, names, both)
    return made


_CURVES = {
    "doors-texts": ("Webhook: time until it is on disk and answered", "doors.texts."),
    "doors-events": ("Signed Slack event: time until it is on disk and answered", "doors.events."),
    "through": ("From one side to the other, without the other side's own time", "through."),
}
_PAIRS: dict[str, tuple[str, str, tuple[str, str], dict[str, tuple[str, str]]]] = {
    "doors-rate": (
        "Throughput with 50 requests at a time",
        "requests a second",
        ("bare server", "threadline, on disk"),
        {kind: (f"doors.{kind}.bare.50.rate", f"doors.{kind}.50.rate") for kind in ("texts", "events")},
    ),
    "growth-cpu": (
        "CPU for 1,000 texts as the database grows",
        "seconds",
        ("small", "a year of texts"),
        {
            way: (f"growth.small.{way}.0ms.cpu", f"growth.large.{way}.0ms.cpu")
            for way in ("inbound", "outbound", "receipt")
        },
    ),
    "growth-latency": (
        "p50 at 20 a second as the database grows",
        "ms",
        ("small", "a year of texts"),
        {
            way: (f"growth.small.{way}.0ms.p50", f"growth.large.{way}.0ms.p50")
            for way in ("inbound", "outbound", "receipt")
        },
    ),
}


def _curve(name: str, prefix: str) -> str:
    """Returns a curve's name: "bare.50" is the bare server at 50 at a time."""
    return name.removeprefix(prefix).replace(".", " ").replace("bare", "bare server")


def _spell(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three figures of either


def _height(percent: float) -> float:
    return HEIGHT - BOTTOM - percent / 100 * (HEIGHT - TOP - BOTTOM)


def _legend(drawing: Drawing, number: int, name: str) -> None:
    y = TOP + 14 + number * 20
    drawing.box(WIDTH - RIGHT + 16, y - 9, 10, 10, COLOURS[number % len(COLOURS)])
    drawing.text(WIDTH - RIGHT + 32, y, name)
