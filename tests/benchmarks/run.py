"""Print every figure; ``make bench`` runs this."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks import calling, form_login, loading, sandbox_scale, watching


def main() -> int:
    """Measure and print; return 1 if a figure is over its limit."""
    print("Medians of paired runs on this machine:")
    over = False
    for part in (loading, watching, calling, sandbox_scale, form_login):
        for figure in part.figures():
            print(figure, flush=True)
            over |= not figure.is_within
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
