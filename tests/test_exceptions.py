"""The errors: one tree, one line in a cell, and the magic that their sentences end in."""

import builtins
import inspect

import pytest
import requests

import etna_magic
from etna_magic import ConnectionFailedError, EtnaError, RateLimitedError, exceptions
from etna_magic.exceptions import login_hint

ERRORS = [kind for _, kind in inspect.getmembers(exceptions, inspect.isclass)]


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_is_one_line(kind: type) -> None:
    """Every error is an EtnaError, exported, and one line in a cell."""
    assert (True, True) == (issubclass(kind, EtnaError), kind is getattr(etna_magic, kind.__name__))
    assert [f"{kind.__name__}: Something happened."] == kind("Something happened.")._render_traceback_()


def test_a_long_error_is_broken_between_words() -> None:
    """JupyterLab would break it in the middle of one; what has no blank stays whole."""
    path = "/home/" + "a-b" * 60
    lines = EtnaError(f"{'word ' * 30}{path} is long.")._render_traceback_()
    assert ("EtnaError:", True, True) == (
        lines[0].split()[0], path in lines, all(len(line) <= 110 for line in lines if line != path),
    )  # fmt: skip


@pytest.mark.parametrize("words", range(1, 60))
def test_a_line_to_type_stays_whole(words: int) -> None:
    """Wherever a message is broken, what a user copies is on one line."""
    lines = EtnaError(f"{'word ' * words}here. Log in again: %etna_login paper")._render_traceback_()
    assert 1 == sum("%etna_login paper" in line for line in lines)


def test_a_subclass_shows_under_the_documented_name() -> None:
    """What is also an exception of requests is shown as the error that is documented."""

    class BothError(ConnectionFailedError, requests.ConnectionError):
        """An error of ours and of requests."""

    assert ["ConnectionFailedError: No answer."] == BothError("No answer.")._render_traceback_()


def test_the_tree_is_drawn() -> None:
    """The tree in the module's docstring names every error and no other."""
    drawn = [line for line in exceptions.__doc__.splitlines() if "Error" in line]
    assert sorted(kind.__name__ for kind in ERRORS) == sorted(
        line.split("── ")[-1].split()[0] for line in drawn
    )


def test_no_error_hides_a_builtin() -> None:
    """No error has the name of one of Python's own."""
    assert [] == [kind.__name__ for kind in ERRORS if hasattr(builtins, kind.__name__)]


@pytest.mark.parametrize("wait", [None, 0.0, 17.5])
def test_retry_after(wait: float | None) -> None:
    """A limit has the wait, where it is known."""
    error = RateLimitedError("Too many.", wait) if wait is not None else RateLimitedError("Too many.")
    assert (wait, "Too many.") == (error.retry_after, str(error))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("etna", "%etna_login"), ("paper", "%etna_login paper"), ("é", "%etna_login é")],
)
def test_the_login_hint(name: str, expected: str) -> None:
    """The line to type names the login where it is not the default."""
    assert expected == login_hint(name)
