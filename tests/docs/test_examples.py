"""Every example of a docstring is run as a cell of IPython, and shows what the docstring says."""

import doctest
import importlib
import itertools
import pkgutil
import re
from collections.abc import Iterator

import pytest
import requests
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import etna_magic
import etna_magic_sandbox
from etna_magic.sandbox import Sandbox
from tests.helpers.ipython import shell


def _examples() -> Iterator[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    packages = (etna_magic, etna_magic_sandbox)
    inside = [pkgutil.walk_packages(one.__path__, f"{one.__name__}.") for one in packages]
    modules = [module.name for module in itertools.chain(*inside)]
    for name in (*(one.__name__ for one in packages), *modules):
        if not name.endswith("__main__"):
            yield from (found for found in finder.find(importlib.import_module(name)) if found.examples)


_OUT = re.compile(r"^Out\[\d+\]: ", re.MULTILINE)
EXAMPLES = {found.name: found for found in _examples()}
PUBLIC = sorted(set(etna_magic.__all__))


@pytest.fixture(scope="module")
def started() -> Iterator[InteractiveShell]:
    """Return a shell with the extension loaded."""
    with shell() as made:
        yield made


@pytest.fixture
def cells(started: InteractiveShell) -> Iterator[InteractiveShell]:
    """Return that shell, logged in, with the names that examples take for granted."""
    started.push(
        {name: getattr(etna_magic, name) for name in etna_magic.__all__} | {"etna_magic": etna_magic}
    )
    started.push({"requests": requests, "Sandbox": Sandbox})
    # Not each time: the sandbox takes ten logins a minute.
    token = started.user_ns.get("etna_token")
    if token is None or token.state is not etna_magic.TokenState.FRESH:
        started.run_line_magic("etna_login", "--sandbox")
    yield started
    for name in {name.removesuffix("_token") for name in started.user_ns if name.endswith("_token")} - {
        "etna"
    }:
        started.run_line_magic("etna_logout", name)


def shown(cells: InteractiveShell, source: str) -> str:
    """Run a cell, and return what it prints, displays and ends in."""
    with capture_output(display=False) as captured:
        cells.run_cell(source, store_history=True)
    return _OUT.sub("", captured.stdout) + captured.stderr


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_shows_what_it_says(name: str, cells: InteractiveShell) -> None:
    """Each line of an example shows what stands below it, with … for what varies."""
    cells.push(EXAMPLES[name].globs)
    for example in EXAMPLES[name].examples:
        found = shown(cells, example.source)
        pattern = ".*".join(re.escape(part) for part in example.want.split("…"))
        assert re.fullmatch(pattern, found, re.DOTALL), f"{example.source!r} shows {found!r}"


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_has_one(name: str) -> None:
    """Each public name has an example in its docstring, and none of them is skipped."""
    home = getattr(etna_magic, name)
    assert [] != [one for one in EXAMPLES if one == f"{home.__module__}.{home.__qualname__}"]
    assert "+SKIP" not in (home.__doc__ or "")
