"""Do what the README says, line by line, in empty environments: with the built wheels, and from the clone.

``python tests/packaging/newcomer.py dist``, by a Python that need have nothing installed. For each of the two
lines by which the README installs it makes an environment, runs that line (where it names no folder, that of
the wheels serves as an index), then each cell of the README's session in a real IPython, and ends with an
error if one does not print what the README says.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
FROM_CLONE, FROM_INDEX = 'pip install ./sandbox ".[sandbox]"', 'pip install "etna-magic[sandbox]"'
_PROMPT = re.compile(r"^In \[(\d+)\]: (.*)$")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def block(readme: str, language: str) -> str:
    """Return the README's first block in a language."""
    found = re.search(rf"```{language}\n(.*?)```", readme, re.DOTALL)
    if found is None:
        sys.exit(f"The README has no block in {language}.")
    return found[1]


def session(readme: str) -> list[tuple[str, list[str]]]:
    """Return the cells of the README's session, each with the lines that it shows."""
    cells: list[tuple[str, list[str]]] = []
    for line in block(readme, "ipython").splitlines():
        if match := _PROMPT.match(line):
            cells.append((match[2], []))
        elif line:
            cells[-1][1].append(line)
    return cells


def lines_to_install(readme: str) -> list[str]:
    """Return the two lines by which the README installs: today from a clone, one day from an index."""
    lines = re.findall(r'pip install (?:\./sandbox )?"[^"]+"', readme)
    if [FROM_CLONE, FROM_INDEX] != lines:
        sys.exit(f"The README is to have two lines that install, and has {lines}.")
    return lines


def do_as_told(line: str, cells: list[tuple[str, list[str]]], wheels: Path, folder: Path) -> None:
    """Install by a line in a new environment, run the cells there, and compare what they print."""
    (folder / "home").mkdir()
    venv.create(folder / "venv", with_pip=True)
    python = str(folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python")
    index = ["--find-links", str(wheels)] if line == FROM_INDEX else []
    pip = [python, "-m", *shlex.split(line), "--quiet", *index]
    subprocess.run(pip, check=True, cwd=ROOT, stderr=subprocess.DEVNULL)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ETNA_", "PYTHON"))}
    done = subprocess.run(
        [python, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"],
        input="".join(f"{source}\n" for source, _ in cells),
        text=True,
        capture_output=True,
        cwd=folder,
        env=kept | {"HOME": str(folder / "home"), "IPYTHONDIR": str(folder / "home" / "ipython")},
        timeout=120,
        check=False,
    )
    left = _ANSI.sub("", done.stdout)
    for expected in (shown for _, lines in cells for shown in lines):
        _, found, left = partition(left, expected)
        if not found:
            sys.exit(f"The README says {expected!r}, and what was printed is\n{done.stdout}{done.stderr}")
    if done.returncode:
        sys.exit(f"IPython ended with {done.returncode}: {done.stderr}")
    print(f"{line}: the README's {len(cells)} cells print what it says.")


def partition(text: str, line: str) -> tuple[str, str, str]:
    """Split a text at a line in which … stands for what varies."""
    found = re.search(r"[^\n]*?".join(map(re.escape, line.split("…"))), text)
    return (text[: found.start()], found[0], text[found.end() :]) if found else (text, "", "")


def main() -> None:
    """Do all of it."""
    readme, wheels = (ROOT / "README.md").read_text(encoding="utf-8"), Path(sys.argv[1]).resolve()
    for line in lines_to_install(readme):
        with tempfile.TemporaryDirectory() as folder:
            do_as_told(line, session(readme), wheels, Path(folder))


if __name__ == "__main__":
    main()
