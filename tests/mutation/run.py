"""Change the core with mutmut, and print what the quick tests do not notice; ``make mutation`` runs this.

mutmut makes the changes, which ``mutmut results`` and ``mutmut show NAME`` display. Its own ``run`` starts
pytest once more for each of them, and collecting takes longer here than testing; it also names tests by
ids that contain the time. So the tests are collected once, and each change has a fork of that process.
"""

from __future__ import annotations

import fnmatch
import itertools
import json
import os
import shutil
import signal
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from mutmut.__main__ import create_mutants
from mutmut.configuration import config
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir, walk_mutatable_files
from mutmut.utils.format_utils import mangled_name_from_mutant_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROOT = Path(__file__).parents[2]
TREE = ROOT / "mutants"
#: Of a test with a longer table than this, so many are run, spread over it.
LONG_TABLE, EXAMPLES = 50, 20
#: So many seconds of tests are run on one change.
MOST_SECONDS = 20.0
KILLED, SURVIVED, NO_TESTS, LATE = 1, 0, 33, 36


class Mutation:
    """A plugin of pytest: once the tests are collected, it runs them on each change in place of once.

    Parameters
    ----------
    patterns : list of str
        The changes to look at, as ``mutmut show`` names them, with ``*``.
    """

    def __init__(self, patterns: list[str]) -> None:
        self._patterns = patterns
        self._items: list[pytest.Item] = []
        self._ranks: list[int] = []
        self._by_function: dict[str, list[int]] = defaultdict(list)
        self._seconds: list[float] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests on each change."""
        import etna_magic.token  # noqa: PLC0415 - the tree's, which pytest has put on the path

        assert TREE in Path(etna_magic.token.__file__).parents, etna_magic.token.__file__
        ranked = list(_spread(session.items))
        self._items, self._ranks = [item for _, item in ranked], [rank for rank, _ in ranked]
        self._look(session)
        for path in walk_mutatable_files_from_root():
            self._run_file(session, path)
        return True

    def _look(self, session: pytest.Session) -> None:
        """Run everything once without a change; note what each test reaches, and how long it takes."""
        notes, failing = TREE / "reached.json", TREE / "failing"
        known = json.loads(notes.read_text()) if _is_newer(notes, (ROOT / "etna_magic").rglob("*.py")) else {}

        def look() -> int:
            set_mutant_under_test("stats")
            found = {}
            for index, item in enumerate(self._items):
                source = ROOT / item.path.relative_to(TREE)
                if item.nodeid in known and _is_newer(notes, [source]):
                    found[item.nodeid] = known[item.nodeid]
                    continue
                began = time.perf_counter()
                if not self._passes(session, [index]):
                    failing.write_text(item.nodeid)
                    return 1
                found[item.nodeid] = time.perf_counter() - began, sorted(state()._stats)
                state()._stats.clear()
            notes.write_text(json.dumps(found))
            return 0

        if _in_a_fork(look, 900):
            pytest.exit(f"{failing.read_text()} fails without any change", 1)
        found = json.loads(notes.read_text())
        for index, item in enumerate(self._items):
            seconds, functions = found[item.nodeid]
            self._seconds.append(seconds)
            for function in functions:
                self._by_function[function].append(index)

    def _passes(self, session: pytest.Session, indexes: list[int]) -> bool:
        """Run tests until one fails."""
        for index, following in zip(indexes, [*indexes[1:], None], strict=True):
            item = self._items[index]
            after = None if following is None else self._items[following]
            item.ihook.pytest_runtest_protocol(item=item, nextitem=after)
            if session.testsfailed:
                (TREE / "killer").write_text(str(index))
                return False
        return True

    def _run_file(self, session: pytest.Session, path: Path) -> None:
        data = SourceFileMutationData(path=path)
        data.load()
        killers: dict[int, int] = {}  # what noticed the change before is likely to notice the next one
        for number, (name, known) in enumerate(data.exit_code_by_key.items()):
            # What was noticed once stands until that function is changed, as in mutmut.
            if known == KILLED or not any(fnmatch.fnmatch(name, pattern) for pattern in self._patterns):
                continue
            indexes = self._by_function[mangled_name_from_mutant_name(name)]
            # One of each table before the second of any.
            indexes = sorted(
                indexes, key=lambda index: (-killers.get(index, -1), self._ranks[index], self._seconds[index])
            )
            total = itertools.accumulate(self._seconds[index] for index in indexes)
            indexes = [index for index, seconds in zip(indexes, total, strict=True) if seconds < MOST_SECONDS]
            code = self._run_mutant(session, name, indexes) if indexes else NO_TESTS
            if code == KILLED:
                killers[int((TREE / "killer").read_text())] = number
            data.exit_code_by_key[name] = code
            data.save()
        _report(path, data)

    def _run_mutant(self, session: pytest.Session, name: str, indexes: list[int]) -> int:
        def run() -> int:
            set_mutant_under_test(name)
            return SURVIVED if self._passes(session, indexes) else KILLED

        return _in_a_fork(run, 20 + 2 * sum(self._seconds[index] for index in indexes))


def walk_mutatable_files_from_root() -> Iterable[Path]:
    """Return the files that are changed, and go to the root, by which mutmut names them."""
    os.chdir(ROOT)
    for path in sorted(walk_mutatable_files(), key=lambda path: config().only_mutate.index(str(path))):
        os.chdir(ROOT)
        yield path


def _is_newer(notes: Path, sources: Iterable[Path]) -> bool:
    return notes.exists() and all(path.stat().st_mtime < notes.stat().st_mtime for path in sources)


def _spread(items: list[pytest.Item]) -> Iterable[tuple[int, pytest.Item]]:
    tables: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        tables[item.nodeid.partition("[")[0]].append(item)
    for table in tables.values():
        step = 1.0 if len(table) <= LONG_TABLE else len(table) / EXAMPLES
        yield from ((n, table[int(n * step)]) for n in range(int(len(table) / step + 0.5)))


def _in_a_fork(act: Callable[[], int], seconds: float) -> int:
    """Return what an act returns in a process of its own, or LATE."""
    pid = os.fork()
    if pid == 0:
        os.setsid()  # what the tests start ends with it
        os.chdir(TREE)
        code = KILLED
        try:
            code = act()
        finally:
            os._exit(code)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return KILLED if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return LATE


def _report(path: Path, data: SourceFileMutationData) -> None:
    codes = data.exit_code_by_key
    living = {name: code for name, code in codes.items() if code not in (KILLED, LATE)}
    share = 100 * (len(codes) - len(living)) / len(codes)
    out = sys.__stdout__
    print(f"{share:5.1f} % of {len(codes):3} noticed  {path}", file=out, flush=True)
    for name, code in living.items():
        print(f"    {status_by_exit_code[code]}: {name}", file=out, flush=True)


def main() -> int:
    """Make the changes and run the tests; arguments are patterns of the changes' names."""
    os.chdir(ROOT)
    set_mutant_under_test("mutant_generation")
    shutil.rmtree(TREE / "tests", ignore_errors=True)
    TREE.mkdir(exist_ok=True)
    copy_src_dir()
    copy_also_copy_files()
    create_mutants(1)
    set_mutant_under_test("")
    os.environ["PYTHONPATH"] = str(TREE)
    sys.path[:] = [str(TREE), *(path for path in sys.path if Path(path).resolve() != ROOT)]
    os.chdir(TREE)
    arguments = [*config().pytest_add_cli_args_test_selection, *config().pytest_add_cli_args]
    return pytest.main(["--rootdir=.", "-q", *arguments], plugins=[Mutation(sys.argv[1:] or ["*"])])


if __name__ == "__main__":
    sys.exit(main())
