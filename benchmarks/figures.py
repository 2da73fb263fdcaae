"""Figures: several runs of one thing, told by their median with minimum and maximum, beside a reference."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(slots=True)
class Figure:
    """One thing that was measured.

    Attributes:
        name: of the group and the thing, like "doors.texts.50.rate".
        unit: of each run.
        runs: what was measured, in the order of measuring.
        reference: the name of the figure that it is compared to; "" if there is none.
        aim: what the project wants it to be, in words.
        note: what has to be known to read it.
    """

    name: str
    unit: str
    runs: list[float] = field(default_factory=list)
    reference: str = ""
    aim: str = ""
    note: str = ""

    @property
    def median(self) -> float:
        """The middle of the runs."""
        return statistics.median(self.runs)


class Figures:
    """All of them, in the order in which they were first named; and the distributions that pictures are made of."""

    def __init__(self) -> None:
        self._all: dict[str, Figure] = {}
        self.distributions: dict[str, list[float]] = {}

    def add(self, name: str, unit: str, value: float, *, reference: str = "", aim: str = "", note: str = "") -> None:
        """One more run of a figure."""
        self._all.setdefault(name, Figure(name, unit, [], reference, aim, note)).runs.append(value)

    def add_latencies(self, name: str, seconds: Sequence[float], *, reference: str = "", aim: str = "") -> None:
        """One more run of the two figures of a latency, p50 and p99, in milliseconds; kept for the pictures too."""
        for share, word in ((0.5, "p50"), (0.99, "p99")):
            beside = f"{reference}.{word}" if reference else ""
            said = aim if word in aim else ""
            self.add(f"{name}.{word}", "ms", quantile(seconds, share) * 1000, reference=beside, aim=said)
        self.distributions.setdefault(name, []).extend(each * 1000 for each in seconds)

    def median(self, name: str) -> float:
        """The middle of a figure's runs so far."""
        return self._all[name].median

    def as_json(self) -> list[dict[str, Any]]:
        """Each with its median, minimum and maximum, and the ratio to its reference."""
        return [self._told(figure) for figure in self._all.values()]

    def shapes(self) -> dict[str, list[float]]:
        """Each distribution by its hundred quantiles, in milliseconds."""
        shares = [n / 100 for n in range(100)]
        return {
            name: [_short(quantile(found, share)) for share in shares] for name, found in self.distributions.items()
        }

    def _told(self, figure: Figure) -> dict[str, Any]:
        told: dict[str, Any] = {
            "name": figure.name,
            "unit": figure.unit,
            "median": _short(figure.median),
            "min": _short(min(figure.runs)),
            "max": _short(max(figure.runs)),
            "runs": [_short(each) for each in figure.runs],
        }
        if figure.reference in self._all and (beside := self._all[figure.reference].median):
            told |= {"reference": figure.reference, "ratio": _short(figure.median / beside)}
        return told | {name: said for name in ("aim", "note") if (said := getattr(figure, name))}


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _short(value: float) -> float:
    """Four digits that count."""
    return float(f"{value:.4g}")
