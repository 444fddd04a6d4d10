"""Whom to ask, by what the options and the front end say."""

import sys
from types import SimpleNamespace

import pytest
from IPython.core.error import UsageError

from etna_magic.ask import InputMode, current_input_mode, input_mode

FORM, PROMPT, NON_INTERACTIVE = InputMode.FORM, InputMode.PROMPT, InputMode.NON_INTERACTIVE


class FakeKernel:
    """A kernel as ipykernel's: it works on a message of this front end."""

    def __init__(self, *, allow_stdin: bool) -> None:
        self.content = {"allow_stdin": allow_stdin}

    def get_parent(self, channel: str) -> dict[str, object]:
        """Return the message."""
        assert "shell" == channel
        return {"content": self.content}


NOTEBOOK, BATCH = FakeKernel(allow_stdin=True), FakeKernel(allow_stdin=False)
UNKNOWN = [
    SimpleNamespace(),
    SimpleNamespace(get_parent=lambda: {"content": {"allow_stdin": True}}),  # as xeus-python has it
    SimpleNamespace(get_parent=lambda _: None),
    SimpleNamespace(get_parent=lambda _: {}),
    SimpleNamespace(get_parent=lambda _: {"content": None}),
]


@pytest.fixture(params=[True, False])
def is_terminal(request, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Say whether the standard input is a terminal, and make it so."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: request.param, closed=False))
    return request.param


@pytest.mark.parametrize(
    ("ask", "in_notebook", "in_batch"),
    [
        (None, FORM, NON_INTERACTIVE),
        ("form", FORM, FORM),
        ("prompt", PROMPT, NON_INTERACTIVE),
        ("never", NON_INTERACTIVE, NON_INTERACTIVE),
    ],
)
def test_with_a_kernel(ask, in_notebook: InputMode, in_batch: InputMode) -> None:
    """The options decide; without any, a form where the front end can ask, and nobody elsewhere."""
    assert (in_notebook, in_batch) == (input_mode(ask, NOTEBOOK), input_mode(ask, BATCH))


@pytest.mark.parametrize("ask", [None, "prompt"])
def test_without_a_kernel(ask, *, is_terminal: bool) -> None:
    """A terminal can ask; what is no terminal cannot, whatever the options say."""
    assert (PROMPT if is_terminal else NON_INTERACTIVE) is input_mode(ask, None)


def test_never_without_a_kernel(*, is_terminal: bool) -> None:
    """Nobody is asked."""
    assert NON_INTERACTIVE is input_mode("never", None)


def test_a_form_without_a_kernel() -> None:
    """A terminal shows no widgets, and the error names what it can do."""
    with pytest.raises(UsageError, match=r"--form needs a notebook.*--prompt"):
        input_mode("form", None)


@pytest.mark.parametrize("kernel", UNKNOWN)
def test_an_unknown_kernel(kernel) -> None:
    """A kernel that does not say who asks is one where nobody does; it never fails."""
    assert NON_INTERACTIVE is current_input_mode(kernel)
    assert NON_INTERACTIVE is input_mode("prompt", kernel)


@pytest.mark.parametrize("stdin", [None, SimpleNamespace(closed=True)])
def test_no_standard_input(stdin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service has none, or has closed it."""
    monkeypatch.setattr(sys, "stdin", stdin)
    assert NON_INTERACTIVE is current_input_mode(None)
