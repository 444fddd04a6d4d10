"""An environment in which nothing of this machine's user shows, and nothing of ours stays."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
LEFT_OUT = ("ETNA_", "JUPYTER", "IPYTHON", "XDG_", "PYTEST_", "NETRC", "COVERAGE", "PYTHON", "MPL")


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return a process environment whose every path lies below `home`: no proxies, no credentials."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(LEFT_OUT) and not name.lower().endswith("_proxy")
    }
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    own = {
        "HOME": home,
        "TMPDIR": temporary,
        "IPYTHONDIR": home / "ipython",
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "MPLCONFIGDIR": home / "matplotlib",
        "PYTHONPATH": REPOSITORY,
        "TZ": "CET-1CEST,M3.5.0,M10.5.0/3",  # spelled out, for machines that know no names of zones
    }
    return kept | {name: str(value) for name, value in own.items()} | more
