"""The façade: the public names, documented, and imported when they are first asked for."""

import inspect
import subprocess
import sys
from types import SimpleNamespace

import pytest

import etna_magic
from etna_magic import EtnaError

ERRORS = [name for name in etna_magic.__all__ if name.endswith("Error")]
#: What INTERFACE.md promises, beside the errors.
PROMISED = [
    "Credentials",
    "EtnaSession",
    "LoginEvent",
    "Secret",
    "Token",
    "TokenState",
    "WorkerSession",
    "connect",
    "load_ipython_extension",
    "login",
    "on",
    "unload_ipython_extension",
]
HEAVY = ["requests", "urllib3", "ipywidgets", "dotenv", "cheroot", "IPython"]


def test_all_is_sorted_and_unique() -> None:
    """`__all__` is sorted, so that nobody looks twice."""
    assert sorted(set(etna_magic.__all__)) == list(etna_magic.__all__)


def test_all_is_what_was_promised() -> None:
    """The names of `__all__` are those that users rely on; test_exceptions has the errors."""
    assert sorted([*PROMISED, *ERRORS]) == list(etna_magic.__all__)


@pytest.mark.parametrize("name", etna_magic.__all__)
def test_a_public_name(name: str) -> None:
    """Every name of `__all__` can be had, is of this package, and shows in its docstring how it is used."""
    found = getattr(etna_magic, name)
    shown = "Examples\n--------\n>>> " in (inspect.getdoc(found) or "")
    assert ("etna_magic", True) == (found.__module__.split(".")[0], shown)
    assert (name, True) == (found.__name__, found is getattr(etna_magic, name))


def test_dir_is_all() -> None:
    """`dir` shows what is public."""
    assert sorted([*etna_magic.__all__, "__version__"]) == dir(etna_magic)


def test_an_unknown_name() -> None:
    """A name that is not there is an AttributeError that names it."""
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = etna_magic.no_such_name


def test_star_import() -> None:
    """`from etna_magic import *` brings what `__all__` says."""
    names: dict[str, object] = {}
    exec("from etna_magic import *", names)  # noqa: S102 - a star is allowed at a module's top only
    assert set(etna_magic.__all__) == set(names) - {"__builtins__"}


@pytest.mark.parametrize(
    "statement",
    [
        "import etna_magic",
        f"from etna_magic import Credentials, Secret, Token, TokenState, {', '.join(ERRORS)}",
        "import etna_magic.support",
    ],
    ids=["package", "values and errors", "support"],
)
def test_an_import_is_light(statement: str) -> None:
    """Neither the package nor what does no I/O imports anything heavy."""
    program = f"import sys\n{statement}\nprint([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()


def test_a_name_is_imported_when_it_is_first_asked_for() -> None:
    """The package alone imports no module of its own; a name brings its module."""
    program = (
        "import sys, etna_magic\n"
        "ours = lambda: sorted(name for name in sys.modules if name.startswith('etna_magic.'))\n"
        "before = ours()\n"
        "etna_magic.Secret\n"
        "print(before, ours())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "[] ['etna_magic.secret']" == done.stdout.strip()


@pytest.mark.parametrize("shell", [None, SimpleNamespace(events=SimpleNamespace(register=lambda *_: None))])
def test_no_shell_of_ipython(shell: object) -> None:
    """Where an app has none (Panel, marimo) or another thing (Solara), one line names connect."""
    with pytest.raises(EtnaError, match=r"^The magics need .*etna_magic\.connect\(\)"):
        etna_magic.load_ipython_extension(shell)
