"""Runs front ends for real and writes the table of the manual: ``run.py [PART OF A TITLE...]``, or all."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from etna_magic.sandbox import Sandbox
from tests.front_ends.programs import CHEAP, HEAVY, TABLE, Program
from tests.front_ends.scenarios import SCENARIOS, NotSeenError

CACHE = ROOT / ".frontends"
HEAD = """\
# Front ends: what was seen in each

`make frontends` installs each of these in a venv of its own, runs it, and writes this table. In each, a
notebook or file logs in to the sandbox: with every variable set; with `ETNA_PASSWORD` missing; the same with
`--form`; the same by `await etna_magic.login()`; and with a token that has expired before the last cell.
"names the variables" is a `MissingCredentialsError` that fails the cell at once. "a line" is the warning of a
stale token. A program that has no cells was not tried where one is needed.

JupyterLab and Notebook 7 by themselves are tested in `tests/browser`. VS Code and Colab were not run: both
are known by what they send (ids of cells) or are (the kernel's module).

"""


def main(*titles: str) -> int:
    """Run them; return how many did not do as expected."""
    wrong = 0
    with Sandbox(login_limit=None, call_limits=False) as sandbox:
        for program in (*CHEAP, *HEAVY):
            if titles and not any(title in program.title for title in titles):
                continue
            python = Path(sys.executable) if program.is_cheap else _installed(program)
            seen = [_seen(program, python, number, sandbox) for number in range(len(SCENARIOS))]
            for title, expected, one in zip(SCENARIOS, program.expected, seen, strict=True):
                if expected != one:
                    wrong += 1
                    print(f"{program.title}, {title.title}: expected {expected!r}, and saw {one!r}")
            versions = ", ".join(filter(None, (_version(python, name) for name in program.packages)))
            today = datetime.now(UTC).date().isoformat()
            row = " | ".join((program.title, versions, today, *seen))
            print(row, flush=True)
            _write(_earlier() | {program.title: row})
    print(f"{wrong} differ" if wrong else "All as expected.")
    return wrong


def _installed(program: Program) -> Path:
    folder = CACHE / re.sub(r"\W+", "-", program.packages[0])
    python = folder / "bin" / "python"
    if not (folder / ".ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        options = ("--quiet", "--disable-pip-version-check")
        ours = ("--editable", f"{ROOT}/sandbox", "--editable", f"{ROOT}[sandbox]")
        command = [python, "-m", "pip", "install", *options, *ours, *program.packages]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        (folder / ".ready").touch()
    return python


def _seen(program: Program, python: Path, number: int, sandbox: Sandbox) -> str:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            return program.drive(python, Path(folder).resolve(), SCENARIOS[number], sandbox)
        except NotSeenError as error:
            return f"not seen: {error}"
        except Exception as error:
            print(f"{program.title}, {SCENARIOS[number].title}: {type(error).__name__}: {error}", flush=True)
            return f"not seen: {type(error).__name__}"


def _version(python: Path, name: str) -> str:
    code = f"import importlib.metadata as m; print({name!r}, m.version({name!r}))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _earlier() -> dict[str, str]:
    """Return the rows of the last run, so that one front end can be run alone."""
    lines = TABLE.read_text().splitlines() if TABLE.exists() else []
    rows = [line.strip("| ") for line in lines if line.startswith("| ")][1:]
    return {row.split(" | ")[0]: row for row in rows}


def _write(rows: dict[str, str]) -> None:
    titles = [scenario.title for scenario in SCENARIOS]
    lines = [f"| front end | version | run on | {' | '.join(titles)} |", "|---" * (3 + len(titles)) + "|"]
    lines += [f"| {rows[one.title]} |" for one in (*CHEAP, *HEAVY) if one.title in rows]
    notes = [f"- **{one.title}**: {one.note}" for one in (*CHEAP, *HEAVY) if one.note]
    TABLE.write_text(HEAD + "\n".join([*lines, "", *notes]) + "\n")


if __name__ == "__main__":
    os.environ.pop("ETNA_REQUIRE_BROWSER", None)
    sys.exit(bool(main(*sys.argv[1:])))
