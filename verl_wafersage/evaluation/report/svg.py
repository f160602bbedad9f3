"""Small charts as inline SVG: no library in the page, colours from the style sheet, labels for readers."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup, escape

Point = tuple[float, float]

WIDTH, HEIGHT = 400, 200
SMALL = (280, 150)
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 10, 8, 30
_SMOOTH_FROM = 40
COLOURS = 8


@dataclass(frozen=True)
class Line:
    """One curve.

    Attributes:
        name: Its label.
        points: (step, value), ascending in step.
        spread: Standard deviation at each point, drawn as a band; empty for none.
        colour: Index into the palette of the style sheet.
        marked: Draw the points and no smoothing, for values measured now and then (validation).
    """

    name: str
    points: Sequence[Point]
    spread: Sequence[float] = ()
    colour: int = 0
    marked: bool = False


@dataclass(frozen=True)
class Dot:
    """One point of a scatter plot; `label` is shown on hover."""

    x: float
    y: float
    label: str
    colour: int = 0


@dataclass(frozen=True)
class _Frame:
    """Maps data to the drawing's coordinates."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float
    width: int = WIDTH
    height: int = HEIGHT

    def x(self, value: float) -> float:
        share = (value - self.x_low) / ((self.x_high - self.x_low) or 1.0)
        return _LEFT + share * (self.width - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        share = (value - self.y_low) / ((self.y_high - self.y_low) or 1.0)
        return self.height - _BOTTOM - share * (self.height - _TOP - _BOTTOM)


def line_chart(
    lines: Sequence[Line],
    label: str,
    y_range: tuple[float, float] | None = None,
    *,
    zero: bool = False,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> Markup:
    """Draw curves over training steps.

    Args:
        lines: At least one curve with at least one point.
        label: What a screen reader says.
        y_range: Fixed range of the values; fitted to the data when None.
        zero: Draw a line at zero and keep it in the range.
        size: Width and height; a chart scales with its card, its letters with it.
    """
    xs = [x for line in lines for x, _ in line.points]
    low, high = y_range or _range(lines, zero)
    frame = _Frame(min(xs), max(xs), low, high, *size)
    parts = [_axes(frame, _steps(frame), _ticks(low, high), "step")]
    if zero and low < 0 < high:
        parts.append(_segment(frame, (frame.x_low, 0.0), (frame.x_high, 0.0), "zero"))
    for line in lines:
        parts.append(_curve(frame, line))
    return _svg(frame, parts, label, _hover(lines, frame))


def scatter(dots: Sequence[Dot], label: str, x_title: str, y_title: str) -> Markup:
    """Draw dots in the unit square with its diagonal."""
    frame = _Frame(0.0, 1.0, 0.0, 1.0)
    ticks = [0.0, 0.25, 0.5, 0.75, 1.0]
    parts = [
        _axes(frame, ticks, ticks, x_title, y_title),
        _segment(frame, (0.0, 0.0), (1.0, 1.0), "diagonal"),
    ]
    parts.extend(
        Markup('<circle class="dot c{}" cx="{:.1f}" cy="{:.1f}" r="4"><title>{}</title></circle>').format(
            dot.colour % COLOURS, frame.x(dot.x), frame.y(dot.y), dot.label
        )
        for dot in dots
    )
    return _svg(frame, parts, label, "")


def _svg(frame: _Frame, parts: Sequence[Markup], label: str, hover: str) -> Markup:
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}" data-chart="{}">{}</svg>'
    ).format(frame.width, frame.height, label, hover, Markup("").join(parts))


def _axes(
    frame: _Frame, x_ticks: Sequence[float], y_ticks: Sequence[float], x_title: str, y_title: str = ""
) -> Markup:
    parts = []
    for tick in y_ticks:
        parts.append(_segment(frame, (frame.x_low, tick), (frame.x_high, tick), "grid"))
        parts.append(_text(_LEFT - 7, frame.y(tick) + 3.5, _tick_label(tick, y_ticks), "end"))
    floor = frame.height - _BOTTOM
    for tick in x_ticks:
        parts.append(_text(frame.x(tick), floor + 15, number(tick), "middle"))
    parts.append(_text(frame.width - _RIGHT, floor + 28, x_title, "end"))
    if y_title:
        parts.append(_text(_LEFT + 6, _TOP + 10, y_title, "start"))
    return Markup("").join(parts)


def _curve(frame: _Frame, line: Line) -> Markup:
    colour = line.colour % COLOURS
    parts = []
    if line.spread:
        upper = [(x, min(frame.y_high, y + s)) for (x, y), s in zip(line.points, line.spread, strict=True)]
        lower = [(x, max(frame.y_low, y - s)) for (x, y), s in zip(line.points, line.spread, strict=True)]
        outline = _path(frame, [*upper, *reversed(lower)])
        parts.append(Markup('<path class="band c{}" d="{}Z"/>').format(colour, outline))
    smooth = not line.marked and len(line.points) >= _SMOOTH_FROM
    if smooth:
        parts.append(Markup('<path class="raw c{}" d="{}"/>').format(colour, _path(frame, line.points)))
    points = smoothed(line.points) if smooth else line.points
    kind = "curve marked" if line.marked else "curve"
    parts.append(Markup('<path class="{} c{}" d="{}"/>').format(kind, colour, _path(frame, points)))
    if line.marked or len(line.points) == 1:
        parts.extend(
            Markup('<circle class="point c{}" cx="{:.1f}" cy="{:.1f}" r="3"/>').format(
                colour, frame.x(x), frame.y(y)
            )
            for x, y in line.points
        )
    return Markup("").join(parts)


def smoothed(points: Sequence[Point]) -> list[Point]:
    """Centred moving average over about a twentieth of the points; an honest shape, not a lagging one."""
    half = max(1, len(points) // 40)
    result = []
    for i, (x, _) in enumerate(points):
        # Symmetric windows only: at the ends they shrink, so that no trend is invented there.
        reach = min(half, i, len(points) - 1 - i)
        window = points[i - reach : i + reach + 1]
        result.append((x, sum(y for _, y in window) / len(window)))
    return result


def _path(frame: _Frame, points: Sequence[Point]) -> str:
    pairs = [f"{frame.x(x):.1f} {frame.y(y):.1f}" for x, y in points]
    return "M" + "L".join(pairs)


def _segment(frame: _Frame, start: Point, end: Point, kind: str) -> Markup:
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(
        kind, frame.x(start[0]), frame.y(start[1]), frame.x(end[0]), frame.y(end[1])
    )


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(x, y, anchor, escape(text))


def _hover(lines: Sequence[Line], frame: _Frame) -> str:
    """What the page's script needs to name the values under the pointer."""
    return json.dumps(
        {
            "left": _LEFT,
            "right": frame.width - _RIGHT,
            "top": _TOP,
            "bottom": frame.height - _BOTTOM,
            "x": [frame.x_low, frame.x_high],
            "lines": [
                {
                    "name": line.name,
                    "colour": line.colour % COLOURS,
                    "points": [[x, float(f"{y:.4g}")] for x, y in line.points],
                }
                for line in lines
            ],
        }
    )


def _range(lines: Sequence[Line], zero: bool) -> tuple[float, float]:
    ys = [y for line in lines for _, y in line.points]
    low, high = min(ys), max(ys)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    margin = (high - low) * 0.08 or abs(high) * 0.1 or 0.5
    # Counts and lengths do not go below nothing.
    floor = 0.0 if low >= 0 else -math.inf
    return max(floor, low - margin), high + margin


def _steps(frame: _Frame) -> list[float]:
    ticks = [tick for tick in _ticks(frame.x_low, frame.x_high) if tick == int(tick)]
    return ticks or [frame.x_low]


def _ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers within a range."""
    if not high > low:
        return [low]
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 12) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def _tick_label(tick: float, ticks: Sequence[float]) -> str:
    """As many decimals as tell neighbours apart."""
    step = min((b - a for a, b in pairwise(ticks)), default=0.0)
    if not step or abs(tick) >= 100_000 or step < 1e-5:
        return number(tick)
    decimals = next((d for d in range(6) if abs(round(step, d) - step) < step * 1e-6), 6)
    return f"{tick:,.{decimals}f}"


def number(value: float) -> str:
    """A short number for an axis or a tile."""
    if value != value:
        return "-"
    if value == 0 or 0.001 <= abs(value) < 100_000:
        return f"{value:.3f}".rstrip("0").rstrip(".") if abs(value) < 10 else f"{value:,.4g}"
    return f"{value:.2g}"
