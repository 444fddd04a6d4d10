"""Whom to ask, by what the options and the front end say."""

import pytest
from IPython.core.error import UsageError

from etna_magic.ask import InputMode, NonInteractive, input_mode, whom_to_ask
from etna_magic.ask.whom_to_ask import advice
from etna_magic.exceptions import MissingCredentialsError
from etna_magic.settings import Settings
from tests.ask import kernels

FORM, PROMPT, NOBODY = InputMode.FORM, InputMode.PROMPT, InputMode.NON_INTERACTIVE


@pytest.fixture(params=[True, False])
def is_terminal(request, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Say whether somebody is at a terminal, and make it so."""
    monkeypatch.setattr(whom_to_ask, "has_terminal", lambda: request.param)
    return request.param


@pytest.mark.parametrize(
    ("kernel", "alone", "with_form", "with_prompt"),
    [
        pytest.param(kernels.LAB, FORM, FORM, PROMPT, id="JupyterLab"),
        pytest.param(kernels.CLASSIC, FORM, FORM, PROMPT, id="an unknown notebook"),
        pytest.param(kernels.CONSOLE, PROMPT, NOBODY, PROMPT, id="a console"),
        pytest.param(kernels.MYST, NOBODY, FORM, PROMPT, id="a program"),
        pytest.param(kernels.MERCURY, NOBODY, FORM, NOBODY, id="a page"),
        pytest.param(kernels.NBCLIENT, NOBODY, NOBODY, NOBODY, id="nbclient"),
    ],
)
def test_with_a_kernel(kernel, alone: InputMode, with_form: InputMode, with_prompt: InputMode) -> None:
    """The options decide as far as somebody can see what they ask for; without any, the front end."""
    assert alone is input_mode(None, kernel)
    assert (with_form, with_prompt) == (input_mode("form", kernel), input_mode("prompt", kernel))
    assert NOBODY is input_mode("never", kernel)


@pytest.mark.parametrize("ask", [None, "prompt"])
def test_without_a_kernel(ask, *, is_terminal: bool) -> None:
    """A terminal can ask; what is no terminal cannot, whatever the options say."""
    assert (PROMPT if is_terminal else NOBODY) is input_mode(ask, None)


def test_never_without_a_kernel(*, is_terminal: bool) -> None:
    """Nobody is asked."""
    assert NOBODY is input_mode("never", None)


def test_a_form_without_a_kernel() -> None:
    """A terminal shows no widgets, and the error names what it can do."""
    with pytest.raises(UsageError, match=r"--form needs a notebook.*--prompt"):
        input_mode("form", None)


@pytest.mark.parametrize("ask", [None, "form", "prompt", "never"])
@pytest.mark.parametrize("kernel", kernels.MUTE)
def test_a_kernel_that_says_nothing(kernel, ask) -> None:
    """Nobody is asked, whatever the options say; it never fails."""
    assert NOBODY is input_mode(ask, kernel)
    assert NOBODY is input_mode(None, kernel)


@pytest.mark.parametrize(
    ("kernel", "ask", "named"),
    [
        (kernels.MERCURY, None, "%etna_login --form"),
        (kernels.MERCURY, "prompt", "%etna_login --form"),
        (kernels.MYST, None, "--form or --prompt"),
        (kernels.CONSOLE, "form", "use --prompt"),
        (kernels.NBCLIENT, "form", "Nobody would see a form"),
    ],
)
def test_what_would_work_is_named(kernel, ask, named: str) -> None:
    """The error names the variables, and in a second sentence what this front end can do."""
    with pytest.raises(MissingCredentialsError) as caught:
        NonInteractive(advice(ask, kernel)).missing(Settings({}))
    first, _, second = str(caught.value).partition(". ")
    assert (True, True) == (first.startswith("ETNA_BASE_URL, "), named in str(caught.value))
    assert 1 == second.count(".")
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("kernel", "ask"), [(kernels.LAB, None), (kernels.NBCLIENT, None), (kernels.MERCURY, "never")]
)
def test_no_advice(kernel, ask) -> None:
    """Where there is nothing to add, nothing is."""
    assert "" == advice(ask, kernel)
