"""Check the wheels and the sdists that were built: ``make dist`` runs this.

``python tests/packaging/check.py dist``
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass
class Distribution:
    """One of those that are built from this repository.

    Parameters
    ----------
    source : Path
        The folder of its ``pyproject.toml``.
    package : str
        What is imported.
    needed : tuple of str
        Files of the package that no import would miss.
    most_bytes : int
        How large its wheel may be.
    tests : tuple of str
        The tests that its sdist brings along and that are run there.
    """

    source: Path
    package: str
    needed: tuple[str, ...]
    most_bytes: int
    tests: tuple[str, ...] = ()

    @property
    def project(self) -> dict:
        """What its ``pyproject.toml`` says."""
        return tomllib.loads((self.source / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    def faults_of(self, wheel: Path) -> list[str]:
        """Return what is wrong with a wheel's contents."""
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
        about, size, package = metadata(wheel), wheel.stat().st_size, self.package
        strangers = [name for name in names if not name.startswith((f"{package}/", f"{package}-"))]
        links = r'\]\((?!https://|#)[^)]*\)|(?:src|srcset)="(?!https://)[^"]*"'
        licence = f"{package}-{about['Version']}.dist-info/licenses/LICENSE"
        return [
            *(f"{name} is no part of the package" for name in strangers),
            *(
                f"{link} leads nowhere on a package index"
                for link in re.findall(links, str(about.get_payload()))
            ),
            *(f"{package}/{name} is missing" for name in self.needed if f"{package}/{name}" not in names),
            *([f"{licence} is missing"] if licence not in names else []),
            *([f"it has {size:,} bytes, and may have {self.most_bytes:,}"] if size > self.most_bytes else []),
        ]


CLIENT = Distribution(
    ROOT,
    "etna_magic",
    ("py.typed", "ask/form.css", "ask/form.js"),
    200_000,
    (
        "tests/test_token.py",
        "tests/test_facade.py",
        "tests/test_sandbox.py",
        "tests/sandbox/test_limits.py",
    ),
)
SANDBOX = Distribution(ROOT / "sandbox", "etna_magic_sandbox", ("py.typed",), 120_000)


def metadata(wheel: Path) -> Message:
    """Return what a wheel says of itself."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def run(*command: str, folder: Path = ROOT) -> None:
    """Run a command of this environment, and end with its error if it fails."""
    program = Path(sys.executable).parent / command[0]
    done = subprocess.run(
        [str(program), *command[1:]], cwd=folder, check=False, text=True, capture_output=True
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    print(f"{' '.join(command[:2])}: passed")


def check(distribution: Distribution, folder: Path) -> Path:
    """Check both files of a distribution, run the tests that its sdist brings along, and return its wheel."""
    (wheel,) = folder.glob(f"{distribution.package}-[0-9]*.whl")
    (sdist,) = folder.glob(f"{distribution.package}-[0-9]*.tar.gz")
    run("twine", "check", "--strict", str(wheel), str(sdist))
    run("check-wheel-contents", str(wheel))
    run("pyroma", "-n", "10", "-f", str(sdist))
    run("validate-pyproject", str(distribution.source / "pyproject.toml"))
    if faults := distribution.faults_of(wheel):
        sys.exit(f"{wheel.name}: {'; '.join(faults)}")
    print(f"{wheel.name}: {wheel.stat().st_size:,} of {distribution.most_bytes:,} bytes")
    with tempfile.TemporaryDirectory() as unpacked:
        with tarfile.open(sdist) as archive:
            archive.extractall(unpacked, filter="data")
        (project,) = Path(unpacked).iterdir()
        if distribution.tests:
            run("python", "-m", "pytest", "-q", *distribution.tests, folder=project)
    return wheel


def main() -> None:
    """Check both distributions, and that they belong together."""
    folder = Path(sys.argv[1]).resolve()
    client, sandbox = (metadata(check(one, folder)) for one in (CLIENT, SANDBOX))
    pinned = f"{sandbox['Name']}=={sandbox['Version']}; extra == 'sandbox'"
    if client["Version"] != sandbox["Version"] or pinned not in client.get_all("Requires-Dist", []):
        sys.exit(f"The extra of {client['Version']} does not ask for the sandbox's {sandbox['Version']}.")


if __name__ == "__main__":
    main()
