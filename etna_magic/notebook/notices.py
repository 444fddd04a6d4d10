"""What there is to say of the tokens as a cell begins and ends; imported when there may be something.

It may depend on whether the cell uses a login: by its names, through a function that it calls, or in a file
that it runs.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import json
import os
import re
import types
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from IPython.utils.process import arg_split  # type: ignore[attr-defined] # imported there by platform

from etna_magic import display
from etna_magic.token import Token, TokenState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from etna_magic.logins import Login, LoginRegistry

_Sentence = Callable[[str, Token], str]
# By automagic too, behind another magic such as %time, and from Python.
_OWN_MAGIC = re.compile(
    r"^\s*(?:\w+\s*=\s*)?(?:%{1,2}\w+\b.*\s)?%?etna_(?:login|logout|status)\b"
    r"|\betna_magic\.login\(|\bawait\s+login\(|\brun_line_magic\(\s*['\"]etna_",
    re.MULTILINE,
)
_WORD = re.compile(r"[^\W\d]\w*")
# A search this long has left the notebook's own functions; what it has not met by then is not there.
_MOST = 2_000
# The magics that run a file, IPython's and Spyder's.
_RUNNING = {"run", "runfile", "debugfile", "profilefile", "runcell", "debugcell", "profilecell"}
# No script that a person has written is larger, in bytes.
_LARGEST = 1_000_000


class CellInfo(Protocol):
    """What IPython says of a cell that begins: its ``ExecutionInfo``."""

    raw_cell: str
    store_history: bool
    cell_id: str | None


class CellResult(Protocol):
    """What IPython says of a cell that has ended: its ``ExecutionResult``."""

    info: CellInfo


class Notices:
    """The lines about tokens that are stale or near their end; parameters as of `Watcher`."""

    def __init__(self, registry: LoginRegistry, transform: Callable[[str], str]) -> None:
        self._registry = registry
        self._transform = transform

    def before(self, info: CellInfo) -> float:
        """Say what there is to say as a cell begins."""
        said = set()
        for login in self._registry:
            if login.notice is not None and _may_show(info):
                notice, login.notice = login.notice, None
                notice()
                said.add(login.name)
        for login, token in self._registry.live():
            if token.state is TokenState.STALE:
                login.session.holder.note_stale(token)
                if login.name not in said and not _is_renewed_by_itself(login):
                    self._warn(info, login, token, "stale", _stale(login))
            elif token.state is TokenState.EXPIRING and not _said_of_end(login):
                self._warn(info, login, token, "expiring", display.expiring)
        return self._seconds_ahead()

    def after(self, info: CellInfo, stale_before: tuple[Token, ...]) -> float:
        """Say which tokens became stale while a cell ran."""
        for login, token in self._registry.live():
            if token.state is TokenState.STALE and not any(token is one for one in stale_before):
                login.session.holder.note_stale(token)
                if not _is_renewed_by_itself(login):
                    self._warn(info, login, token, "stale", _stale(login, display.expired_during))
        return self._seconds_ahead()

    def stale(self) -> tuple[Token, ...]:
        """Return the tokens in the namespace that are stale."""
        return tuple(token for _, token in self._registry.live() if token.state is TokenState.STALE)

    def _seconds_ahead(self) -> float:
        """Return for how long there is nothing new to say of any token."""
        return min((_seconds_ahead(login, token) for login, token in self._registry.live()), default=86400.0)

    def _warn(self, info: CellInfo, login: Login, token: Token, what: str, sentence: _Sentence) -> None:
        mode = self._registry.settings.warn
        is_said = mode == "never" or (mode == "once" and what in login.warned)
        if is_said or not _may_show(info) or (mode == "used" and not self._uses(info, login, token)):
            return
        login.warned.add(what)
        display.show(display.line(sentence(login.name, token), "etna-warning"))

    def _uses(self, info: CellInfo, login: Login, token: Token) -> bool:
        # IPython hands the cell on as Python since 9; before, it is turned into Python here.
        cell = getattr(info, "transformed_cell", None) or self._transform(info.raw_cell)
        return uses(cell, self._registry.namespace, (token, login.session), self._transform)


def _may_show(info: CellInfo) -> bool:
    # A variable inspector's run has no history, and a cell that logs in needs no warning.
    return bool(info.store_history) and not _OWN_MAGIC.search(info.raw_cell)


def _said_of_end(login: Login) -> bool:
    # A token that is replaced by itself needs no line about its end.
    return "expiring" in login.warned or login.session.holder.refresher is not None


def _is_renewed_by_itself(login: Login) -> bool:
    """Say whether a fresh token comes, so that there is nothing to say; see to it that it does."""
    refresher = login.session.holder.refresher
    if refresher is None or not refresher.renews:
        return False
    # A laptop may have slept until now. Nobody waits for this: a call that needs the token does.
    login.session.holder.wake_timer()
    return True


def _stale(login: Login, otherwise: _Sentence = display.stale) -> _Sentence:
    """Return what says that a token is stale; where a renewal has failed, when that was and why."""
    refresher = login.session.holder.refresher
    error = refresher.error if refresher is not None else None
    if refresher is None or error is None:
        return otherwise
    schedule = refresher.schedule
    return lambda name, token: display.not_renewed(name, token, error, schedule)


def _seconds_ahead(login: Login, token: Token) -> float:
    if token.state is TokenState.STALE or login.notice is not None:
        return 0.0
    if token.state is TokenState.FRESH:
        return (token.remaining - token.warning_window).total_seconds()
    # Until the line has been shown there is something to say, in the next cell that may show it.
    return max(token.remaining.total_seconds(), 0.0) if _said_of_end(login) else 0.0


def uses(
    cell: str,
    namespace: Mapping[str, object],
    targets: Iterable[object],
    transform: Callable[[str], str] = str,
) -> bool:
    """Say whether a cell reaches one of these objects.

    Followed are the names in the cell, in the text of its magics and in the files that it runs, and from
    there functions with all that they name, hold or have as defaults, bound methods, partials, and classes
    and objects of the notebook. `transform` makes Python of a cell of such a file.
    """
    sought = {id(target) for target in targets}
    names = {name for tree in _trees(cell, transform, set()) for name in _names(tree)}
    waiting = [namespace[name] for name in names if name in namespace]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST:
        thing = waiting.pop()
        if id(thing) in sought:
            return True
        if id(thing) not in seen:
            seen.add(id(thing))
            waiting.extend(_reached(thing, namespace))
    return False


def _trees(cell: str, transform: Callable[[str], str], seen: set[Path]) -> Iterator[ast.Module]:
    """Yield the tree of a cell, and those of the files that it runs."""
    try:
        tree = ast.parse(cell)
    except (SyntaxError, ValueError):
        return
    yield tree
    for path in _files(tree):
        if path not in seen:
            seen.add(path)
            for part in _cells_of(path):
                yield from _trees(part if path.suffix == ".py" else transform(part), transform, seen)


def _files(tree: ast.Module) -> Iterator[Path]:
    """Yield the files that are run by ``%run`` and Spyder's ``%runfile`` and ``%runcell``."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="run_line_magic"),
                args=[ast.Constant(value=str(magic)), ast.Constant(value=str(line))],
            ) if magic in _RUNNING:
                words = arg_split(line, os.name == "posix", strict=False)
                homes = [os.path.expanduser(word) for word in words]  # noqa: PTH111 - it never raises
                found = (Path(word + end) for word in homes for end in ("", ".py"))
                yield from islice((path for path in found if os.path.isfile(path)), 1)  # noqa: PTH113 - nor does this


def _cells_of(path: Path) -> list[str]:
    """Return the cells of a file; one that cannot be read has none, and the cell itself says why."""
    try:
        if path.stat().st_size > _LARGEST:
            return []
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".ipynb":
            return [text]
        cells = json.loads(text)["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, LookupError, TypeError):
        return []


def _names(tree: ast.Module) -> set[str]:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        # A magic's line has become a text by now: %timeit etna_session.get("…").
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "").startswith("run_"):
            texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            names.update(word for text in texts for word in _WORD.findall(text))
    return names


def _reached(thing: object, namespace: Mapping[str, object]) -> Iterator[object]:
    """Yield what a thing would use if it were called."""
    if hasattr(type(thing), "__wrapped__") or "__wrapped__" in getattr(thing, "__dict__", ()):
        yield thing.__wrapped__  # type: ignore[attr-defined] # functools.cache, staticmethod, and other decorators
    if isinstance(thing, types.FunctionType):
        yield from _of_function(thing, namespace)
    elif isinstance(thing, types.MethodType):
        yield from (thing.__func__, thing.__self__)
    elif isinstance(thing, functools.partial):
        yield from (thing.func, *thing.args, *thing.keywords.values())
    elif isinstance(thing, dict | list | tuple):
        yield from islice(thing.values() if isinstance(thing, dict) else thing, 100)
    elif isinstance(thing, type):
        if thing.__module__ == "__main__":
            yield from vars(thing).values()
    elif isinstance(thing, property):
        yield thing.fget
    elif type(thing).__module__ == "__main__":
        yield type(thing)
        yield from vars(thing).values() if hasattr(thing, "__dict__") else ()


def _of_function(function: types.FunctionType, namespace: Mapping[str, object]) -> Iterator[object]:
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):  # it is empty
            yield cell.cell_contents
    if function.__globals__ is namespace or function.__module__ == "__main__":
        for code in _codes(function.__code__):
            yield from (namespace[name] for name in code.co_names if name in namespace)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)
