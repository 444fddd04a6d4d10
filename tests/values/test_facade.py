"""The façade and the errors: all that is public, and nothing that is not."""

import importlib
import inspect
import subprocess
import sys

import pytest

import etna_magic
from etna_magic import EtnaError, RateLimitedError, exceptions

ERRORS = [kind for _, kind in inspect.getmembers(exceptions, inspect.isclass)]
#: The modules whose public classes are for users.
FOR_USERS = ["challenge", "credentials", "exceptions", "login_flow", "secret", "session", "token"]


def test_all_is_sorted_and_unique() -> None:
    """`__all__` is sorted, so that nobody looks twice."""
    assert sorted(set(etna_magic.__all__)) == list(etna_magic.__all__)


def test_every_name_can_be_had() -> None:
    """Every name of `__all__` is there, documented, and at home in this package."""
    for name in etna_magic.__all__:
        found = getattr(etna_magic, name)
        assert (True, True) == (bool(found.__doc__), found.__module__.split(".")[0] == "etna_magic")


def test_every_name_has_an_example() -> None:
    """Every class and function of `__all__` shows how it is used."""
    found = {name: inspect.getdoc(getattr(etna_magic, name)) or "" for name in etna_magic.__all__}
    assert [] == [name for name, text in found.items() if "Examples\n--------\n>>> " not in text]


def test_public_classes_are_exported() -> None:
    """Every public class of the modules for users is exported, and no other class is."""
    public = set()
    for module in FOR_USERS:
        home = importlib.import_module(f"etna_magic.{module}")
        classes = inspect.getmembers(home, inspect.isclass)
        public |= {name for name, kind in classes if kind.__module__ == home.__name__ and name[0] != "_"}
    exported = {name for name in etna_magic.__all__ if inspect.isclass(getattr(etna_magic, name))}
    assert sorted(public) == sorted(exported)


def test_dir_is_all() -> None:
    """`dir` shows what is public."""
    assert sorted([*etna_magic.__all__, "__version__"]) == dir(etna_magic)


def test_unknown_name() -> None:
    """A name that is not there is an AttributeError that names it."""
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = etna_magic.no_such_name


def test_star_import() -> None:
    """`from etna_magic import *` brings what `__all__` says."""
    names: dict[str, object] = {}
    exec("from etna_magic import *", names)  # noqa: S102 - a star is allowed at a module's top only
    assert set(etna_magic.__all__) == set(names) - {"__builtins__"}


def test_import_is_light() -> None:
    """Importing the package imports none of what is needed only later."""
    heavy = ["requests", "urllib3", "ipywidgets", "dotenv", "flask", "IPython"]
    program = f"import sys, etna_magic; print([n for n in {heavy} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()


@pytest.mark.parametrize("kind", ERRORS)
def test_error(kind: type) -> None:
    """Every error is an EtnaError, exported, and one line in a cell."""
    assert (True, True) == (issubclass(kind, EtnaError), kind is getattr(etna_magic, kind.__name__))
    assert [f"{kind.__name__}: Something happened."] == kind("Something happened.")._render_traceback_()


def test_tree_is_drawn() -> None:
    """The tree in the module's docstring names every error and no other."""
    drawn = [line for line in exceptions.__doc__.splitlines() if "Error" in line]
    assert sorted(kind.__name__ for kind in ERRORS) == sorted(
        line.split("── ")[-1].split()[0] for line in drawn
    )


def test_no_error_hides_a_builtin() -> None:
    """No error has the name of one of Python's own."""
    import builtins  # noqa: PLC0415 - only here

    assert [] == [kind.__name__ for kind in ERRORS if hasattr(builtins, kind.__name__)]


@pytest.mark.parametrize("wait", [None, 0.0, 17.5])
def test_retry_after(wait: float | None) -> None:
    """A limit carries the wait, where it is known."""
    error = RateLimitedError("Too many.", wait) if wait is not None else RateLimitedError("Too many.")
    assert (wait, "Too many.") == (error.retry_after, str(error))
