"""The search for leaks finds what is planted for it."""

from types import SimpleNamespace

import pytest

from etna_magic import EtnaError, Secret
from tests.helpers.leaks import caught, leaks


def _frame(plant):
    """Raise from a frame that does not count as a test's."""
    source = "def f(local):\n    raise error('nothing to see')\n"
    names = {"error": EtnaError}
    exec(compile(source, "/elsewhere/module.py", "exec"), names)  # noqa: S102 - a frame of another file
    return caught(lambda: names["f"](plant))


def _closure(text: str):
    return lambda: text


@pytest.mark.parametrize(
    ("plant", "shallow", "deep"),
    [
        pytest.param("hush", True, True, id="text"),
        pytest.param({"Password": b"hush"}, True, True, id="bytes in a dict"),
        pytest.param(SimpleNamespace(a="hush"), True, True, id="repr shows it"),
        pytest.param(type("Quiet", (), {"a": 1})(), False, False, id="nothing"),
        pytest.param(_closure("hush"), False, True, id="closure"),
        pytest.param(Secret("hush"), False, False, id="secret"),
        pytest.param([Secret("hush")], False, False, id="secret in a list"),
    ],
)
def test_locals(plant: object, shallow: bool, deep: bool) -> None:  # noqa: FBT001 - a table's columns
    """A secret in a local is found, by its repr or one level below."""
    error = _frame(plant)
    assert shallow == bool(leaks(error, ["hush"], deep=False))
    assert deep == bool(leaks(error, ["hush"]))


def test_attribute_that_repr_hides() -> None:
    """What an object holds without showing it is found one level below."""
    plant = type("Quiet", (), {"__repr__": lambda self: "Quiet"})()
    plant.headers = {"Authorization": "hush"}
    assert ["EtnaError: local local of module.py:2 f"] == leaks(_frame(plant), ["hush"])


def test_chain() -> None:
    """A suppressed context counts, and so does what an exception carries."""
    error = EtnaError("fine")
    error.__context__ = ValueError("hush")
    error.__suppress_context__ = True
    assert ["ValueError: its text", "ValueError: its arguments"] == leaks(error, ["hush"])
    error = EtnaError("fine")
    error.request = {"Password": "hush"}
    assert ["EtnaError: its attributes"] == leaks(error, ["hush"])
