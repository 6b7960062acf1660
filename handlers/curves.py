"""Curves over time as points of an SVG, which the page stretches to its width."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

WIDTH = 1000.0
HEIGHT = 200.0


@dataclass(frozen=True, slots=True)
class Span:
    """The length of a chart and of its steps, in seconds."""

    seconds: int
    step: int


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve: name, label, last value, and the points of each piece of its line.

    A line has a gap where samples are missing.
    """

    name: str
    label: str
    last: int
    pieces: list[str]


@dataclass(frozen=True, slots=True)
class Chart:
    """Curves with a common scale from 0 to ``top``, and the times at both ends."""

    curves: list[Curve]
    top: int
    began: datetime
    ended: datetime


def chart(
    labels: Mapping[str, str], points: Sequence[Mapping[str, Any]], span: Span, now: float
) -> Chart:
    """Return a chart with a curve for each name in ``labels``, a key of the points.

    The key "moment" of a point has its time in seconds since the epoch.
    """
    top = round_up(max((point[name] for point in points for name in labels), default=0))
    began = now - span.seconds
    curves = [
        Curve(
            name,
            label,
            points[-1][name] if points else 0,
            _pieces([(one["moment"] - began, one[name] / top) for one in points], span),
        )
        for name, label in labels.items()
    ]
    return Chart(curves, top, datetime.fromtimestamp(began, UTC), datetime.fromtimestamp(now, UTC))


def _pieces(values: Sequence[tuple[float, float]], span: Span) -> list[str]:
    """Return the lines through the values, as points of seconds since the beginning and value."""
    lines: list[list[str]] = []
    before = None
    for seconds, part in values:
        if before is None or seconds - before > 1.5 * span.step:
            lines.append([])
        x = min(max(seconds / span.seconds, 0.0), 1.0) * WIDTH
        lines[-1].append(f"{x:.1f},{HEIGHT - part * HEIGHT:.1f}")
        before = seconds
    # A single point would be invisible, so it is drawn as a short line.
    return [" ".join(line if len(line) > 1 else line * 2) for line in lines]


def round_up(value: int) -> int:
    """Return the next round number: 1, 2 or 5 followed by zeros, at least 5."""
    size = 1
    while True:
        for digit in (1, 2, 5):
            if digit * size >= max(value, 5):
                return digit * size
        size *= 10
