"""Check the wheel and the sdist that were built: ``make dist`` runs this.

``python tests/packaging/check.py dist``
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).parents[2]
# A third of it is the sandbox, which would have to be a distribution of its own for less than 200,000.
MOST_BYTES = 320_000
NEEDED = ("py.typed", "ask/form.css", "ask/form.js")


def run(*command: str, folder: Path = ROOT) -> None:
    """Run a command of this environment, and end with its error if it fails."""
    program = Path(sys.executable).parent / command[0]
    done = subprocess.run(
        [str(program), *command[1:]], cwd=folder, check=False, text=True, capture_output=True
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    print(f"{' '.join(command[:2])}: passed")


def faults_of(wheel: Path) -> list[str]:
    """Return what is wrong with a wheel's contents."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        description = Parser().parsestr(archive.read(metadata).decode()).get_payload()
    strangers = [name for name in names if not name.startswith(("etna_magic/", "etna_magic-"))]
    relative = re.findall(r'\]\((?!https://|#)[^)]*\)|(?:src|srcset)="(?!https://)[^"]*"', str(description))
    return [
        *(f"{name} is no part of the package" for name in strangers),
        *(f"{link} leads nowhere on a package index" for link in relative),
        *(f"{name} is missing" for name in NEEDED if f"etna_magic/{name}" not in names),
        *([f"it has {size:,} bytes"] if (size := wheel.stat().st_size) > MOST_BYTES else []),
    ]


def main() -> None:
    """Check both files, and run the tests that the sdist brings along."""
    folder = Path(sys.argv[1]).resolve()
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    run("twine", "check", "--strict", str(wheel), str(sdist))
    run("check-wheel-contents", str(wheel))
    run("pyroma", "-n", "10", "-f", str(sdist))
    run("validate-pyproject", "pyproject.toml")
    if faults := faults_of(wheel):
        sys.exit(f"{wheel.name}: {'; '.join(faults)}")
    print(f"{wheel.name}: {wheel.stat().st_size:,} bytes")
    with tempfile.TemporaryDirectory() as unpacked:
        with tarfile.open(sdist) as archive:
            archive.extractall(unpacked, filter="data")
        (project,) = Path(unpacked).iterdir()
        run("python", "-m", "pytest", "-q", "tests/test_token.py", "tests/test_facade.py", folder=project)


if __name__ == "__main__":
    main()
