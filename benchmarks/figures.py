"""Figures: several runs each, with median, minimum and maximum, and an optional reference."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(slots=True)
class Figure:
    """One figure.

    Attributes:
        name: its group and name, such as "doors.texts.50.rate".
        unit: of each run.
        runs: the values, in the order of measuring.
        reference: the name of the figure to compare it with; "" if there is none.
        aim: the project's target, in words.
        note: what a reader must know.
    """

    name: str
    unit: str
    runs: list[float] = field(default_factory=list)
    reference: str = ""
    aim: str = ""
    note: str = ""

    @property
    def median(self) -> float:
        """The median of the runs."""
        return statistics.median(self.runs)


class Figures:
    """All figures in the order of their first run, and the distributions for the pictures."""

    def __init__(self) -> None:
        self._all: dict[str, Figure] = {}
        self.distributions: dict[str, list[float]] = {}

    def add(self, name: str, unit: str, value: float, *, reference: str = "", aim: str = "", note: str = "") -> None:
        """Adds one run to a figure."""
        self._all.setdefault(name, Figure(name, unit, [], reference, aim, note)).runs.append(value)

    def add_latencies(self, name: str, seconds: Sequence[float], *, reference: str = "", aim: str = "") -> None:
        """Adds one run of a latency's two figures, p50 and p99 in milliseconds, and keeps it for the pictures."""
        for share, word in ((0.5, "p50"), (0.99, "p99")):
            beside = f"{reference}.{word}" if reference else ""
            said = aim if word in aim else ""
            self.add(f"{name}.{word}", "ms", quantile(seconds, share) * 1000, reference=beside, aim=said)
        self.distributions.setdefault(name, []).extend(each * 1000 for each in seconds)

    def median(self, name: str) -> float:
        """Returns the median of a figure's runs so far."""
        return self._all[name].median

    def as_json(self) -> list[dict[str, Any]]:
        """Returns each figure with its median, minimum and maximum, and the ratio to its reference."""
        return [self._as_json(figure) for figure in self._all.values()]

    def shapes(self) -> dict[str, list[float]]:
        """Returns each distribution as a hundred quantiles in milliseconds."""
        shares = [n / 100 for n in range(100)]
        return {
            name: [_short(quantile(found, share)) for share in shares] for name, found in self.distributions.items()
        }

    def _as_json(self, figure: Figure) -> dict[str, Any]:
        found: dict[str, Any] = {
            "name": figure.name,
            "unit": figure.unit,
            "median": _short(figure.median),
            "min": _short(min(figure.runs)),
            "max": _short(max(figure.runs)),
            "runs": [_short(each) for each in figure.runs],
        }
        if figure.reference in self._all and (beside := self._all[figure.reference].median):
            found |= {"reference": figure.reference, "ratio": _short(figure.median / beside)}
        return found | {name: said for name in ("aim", "note") if (said := getattr(figure, name))}


def quantile(values: Sequence[float], share: float) -> float:
    """Returns the value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _short(value: float) -> float:
    """Rounds to four significant digits."""
    return float(f"{value:.4g}")
