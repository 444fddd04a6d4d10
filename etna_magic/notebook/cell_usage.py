"""Whether a cell uses a login: by its names, or through a function that it calls."""

from __future__ import annotations

import ast
import contextlib
import functools
import re
import types
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_WORD = re.compile(r"[^\W\d]\w*")
# A search this long has left the notebook's own functions; what it has not met by then is not there.
_MOST = 2_000


def uses(cell: str, namespace: Mapping[str, object], targets: Iterable[object]) -> bool:
    """Say whether a cell reaches one of these objects.

    Followed are the names in the cell (in the text of its magics too), and from there functions
    with all that they name, hold or have as defaults, bound methods, partials, and classes and objects of
    the notebook.
    """
    sought = {id(target) for target in targets}
    waiting = [namespace[name] for name in _names(cell) if name in namespace]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST:
        thing = waiting.pop()
        if id(thing) in sought:
            return True
        if id(thing) not in seen:
            seen.add(id(thing))
            waiting.extend(_reached(thing, namespace))
    return False


def _names(cell: str) -> set[str]:
    try:
        tree = ast.parse(cell)
    except (SyntaxError, ValueError):
        return set()
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
