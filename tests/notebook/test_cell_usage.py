"""Which cells use a login."""

import ast
import json
from pathlib import Path

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from etna_magic.notebook.notices import uses

SETUP = """
import functools

def quote(symbol): return etna_session.get(symbol)
def fee(x): return x + 1
def chain(symbol): return quote(symbol)
def make(session):
    def inner(): return session
    return inner
def of_default(session=etna_session): return session
def of_keyword(*, session=etna_session): return session
def endless(): return endless
def unfilled():
    def inner(): return later
    yield inner
    later = 1
class Broker:
    def price(self): return etna_session
    @staticmethod
    def fixed(): return etna_token
    @property
    def account(self): return etna_token
class Holder:
    def __init__(self, session): self.session = session
class Slotted:
    __slots__ = ()
class Plain:
    def price(self): return 1
@functools.cache
def cached(symbol): return quote(symbol)
closed = make(etna_session)
partial = functools.partial(quote, "x")
of_nothing = functools.partial(fee, 1)
broker, plain, holder, slotted = Broker(), Plain(), Holder(etna_session), Slotted()
method, plain_method = broker.price, plain.price
empty_cell = next(unfilled())
alias, also = etna_session, etna_token
listed, tabled = [etna_session], {"a": (etna_token,)}
nested = lambda: [quote(s) for s in ()]
"""

USING = [
    "etna_token",
    "etna_session.headers",
    "alias.headers",
    "also.remaining",
    "callable(quote)",
    "callable(chain)",
    "cached('x')",
    "closed()",
    "of_default()",
    "of_keyword()",
    "callable(partial)",
    "method()",
    "broker.price()",
    "broker.account",
    "Broker",
    "Broker.fixed()",
    "holder",
    "listed",
    "tabled['a']",
    "callable(nested)",
    "[s for s in (1, 2) if etna_token.remaining]",
    "def later(): return etna_session",
    "x = [lambda: etna_token]",
    "%timeit -n1 -r1 etna_session.name",
    "%%timeit -n1 -r1\netna_session.name",
    "%time etna_token.state",
    "%%capture\netna_token",
    "import asyncio\nawait asyncio.sleep(0)\netna_token.state",
]
NOT_USING = [
    "6 * 7",
    "fee(1)",
    "of_nothing()",
    "plain.price()",
    "plain_method()",
    "Plain",
    "slotted",
    "empty_cell()",
    "endless()",
    "'etna_session'",
    "# etna_session",
    "print('no etna_token here')",
    "import os",
    "other_etna_session = 1",
    "%timeit -n1 -r1 fee(1)",
    "import functools",
    "etna_token +",  # does not parse
    "\0",
]


@pytest.fixture
def namespace() -> dict[str, object]:
    """Return a notebook's namespace with a session, a token, and things that use them."""
    made: dict[str, object] = {"__name__": "__main__", "etna_session": object(), "etna_token": object()}
    exec(compile(ast.parse(SETUP), "<cell>", "exec"), made)  # noqa: S102 - what a notebook's cells do
    return made


def reaches(code: str, namespace: dict[str, object]) -> bool:
    """Say whether a cell, as it was typed, uses the login."""
    python = TransformerManager().transform_cell(code)
    targets = (namespace["etna_token"], namespace["etna_session"])
    return uses(python, namespace, targets, TransformerManager().transform_cell)


@pytest.mark.parametrize("code", USING)
def test_a_cell_that_uses_the_login(namespace, code) -> None:
    """By its names, another name, a function, a method, a partial, a class or an object of the notebook."""
    assert reaches(code, namespace)


@pytest.mark.parametrize("code", NOT_USING)
def test_a_cell_that_does_not(namespace, code) -> None:
    """Cells that cannot reach the login."""
    assert not reaches(code, namespace)


def test_the_search_ends(namespace) -> None:
    """A cell that reaches very much costs no more than a bounded search."""
    deep: list[object] = [namespace["etna_session"]]
    for _ in range(10_000):
        deep = [deep]
    namespace["deep"] = deep
    assert not reaches("deep", namespace)


USING_SCRIPT = "def quote(symbol):\n    return etna_session.get(symbol)\n\nquote('AAPL')\n"
NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "source": "etna_session"},
        {"cell_type": "code", "source": ["x = 1\n", "%time etna_token.state"]},
    ]
}
FILES = {
    "using.py": USING_SCRIPT,
    "plain.py": "# etna_session\nprint('etna_session')\n",
    "using.ipy": "%time etna_token.state\n",
    "nested.ipy": "%run nested.ipy\n%run using.py\n",
    "with blank.py": USING_SCRIPT,
    "using.ipynb": json.dumps(NOTEBOOK),
    "broken.ipynb": "[]",
    "binary.py": "\udcff etna_session",
    "huge.py": USING_SCRIPT + "#" * 1_000_000,
}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("%run using.py", True),
        ("%run using", True),
        ("%run -i using.py --fast", True),
        ("%run -t -N 5 using.py", True),
        ("%run 'with blank.py'", True),
        ("%runfile using.py --wdir .", True),
        ("%runcell -i 0 using.py", True),
        ("x = %run using.py", True),
        ("%run using.ipy", True),
        ("%run nested.ipy", True),
        ("%run using.ipynb", True),
        ("%run plain.py", False),
        ("%run missing.py", False),
        ("%run broken.ipynb", False),
        ("%run binary.py", False),
        ("%run huge.py", False),
        ("%run", False),
        ("%cat using.py", False),
        ("print('%run using.py')", False),
    ],
)
def test_a_file_that_a_cell_runs(
    namespace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    """The names in it count like those in the cell; what cannot be read has none."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert expected is reaches(code, namespace)
