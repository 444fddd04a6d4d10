"""Pairs of runs: the thing and what it is held against, in turn, so that both meet the same weather."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the report.

    Parameters
    ----------
    what : str
        What was measured.
    value, limit : float
        What came out, and the most that is promised.
    unit : str
        Of both.
    against : str, optional
        What the other half of each pair took.
    """

    what: str
    value: float
    limit: float
    unit: str
    against: str = ""

    @property
    def is_within(self) -> bool:
        """Whether it is what is promised."""
        return self.value <= self.limit

    def __str__(self) -> str:
        result = "within" if self.is_within else "OVER  "
        return (
            f"{result}  {self.value:7.2f} {self.unit:<2} (at most {self.limit:g})  {self.what}{self.against}"
        )


def paired(ours: Callable[[], float], theirs: Callable[[], float], pairs: int) -> tuple[float, float, float]:
    """Return the medians of ours, theirs, and of their ratios.

    Parameters
    ----------
    ours, theirs : callable
        Each does one run and returns what it took, in seconds.
    pairs : int
        How many pairs to run; which comes first alternates.

    Returns
    -------
    tuple of float
        Median of ours and of theirs in seconds, median of the ratio within each pair.
    """
    runs: list[tuple[float, float]] = []
    for number in range(pairs):
        if number % 2:
            other = theirs()
            runs.append((ours(), other))
        else:
            own = ours()
            runs.append((own, theirs()))
    return (
        statistics.median(own for own, _ in runs),
        statistics.median(other for _, other in runs),
        statistics.median(own / other for own, other in runs),
    )
