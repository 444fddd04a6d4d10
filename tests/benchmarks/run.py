"""Print every figure; ``make bench`` runs this."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks import calling, loading, watching


def main() -> None:
    """Measure and print."""
    print("Medians of paired runs on this machine:")
    for part in (loading, watching, calling):
        for figure in part.figures():
            print(figure, flush=True)


if __name__ == "__main__":
    main()
