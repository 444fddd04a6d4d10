"""Asking on a terminal: secrets unseen, unusable answers refused at once, giving up in one line."""

import base64
import builtins
import getpass
import sys
from types import SimpleNamespace

import pytest
from IPython.core.error import StdinNotImplementedError

from etna_magic.ask import drive
from etna_magic.ask.whom_to_ask import Prompt
from etna_magic.exceptions import (
    ConnectionFailedError,
    EtnaError,
    InsecureURLError,
    InvalidCredentialsError,
    MissingCredentialsError,
    NotLoggedInError,
    VerificationError,
)
from etna_magic.login_flow import Challenge
from etna_magic.login_flow.token_response import Picture
from etna_magic.secret import Secret
from etna_magic.settings import Settings
from tests.ask.conftest import ASKED_FOR_CODE, ASKED_FOR_PIN, ScriptedAttempt, make_token

ANSWERS = {"Base URL": "https://api.example.com", "App key": "S2V5", "Username": "alice", "Password": "pw-17"}


class Terminal:
    """Types an answer to each question, and notes the questions and whether the answer is seen."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: dict[str, str | BaseException] = dict(ANSWERS)
        self.asked: list[tuple[str, bool]] = []
        monkeypatch.setattr(builtins, "input", lambda question: self._answer(question, is_seen=True))
        monkeypatch.setattr(getpass, "getpass", lambda question: self._answer(question, is_seen=False))
        monkeypatch.setattr("etna_magic.ask.whom_to_ask.has_terminal", lambda: sys.stdin is not None)

    def _answer(self, question: str, *, is_seen: bool) -> str:
        self.asked.append((question, is_seen))
        answer = self.answers[question.removesuffix(": ")]
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Put a terminal there."""
    return Terminal(monkeypatch)


def test_it_asks_for_what_is_missing(terminal: Terminal) -> None:
    """In this order, app key and password unseen."""
    attempt = ScriptedAttempt([make_token()], Settings({}))
    drive(attempt, Prompt())
    assert [
        ("Base URL: ", True), ("App key: ", False), ("Username: ", True), ("Password: ", False)
    ] == terminal.asked  # fmt: skip
    assert [list(ANSWERS.values())] == [list(sent.values()) for sent in attempt.sent]


def test_it_asks_for_nothing_else(terminal: Terminal) -> None:
    """What is known is not asked for."""
    known = Settings({}).filled({"username": Secret("bob"), "app_key": Secret("S2V5")})
    assert {"base_url", "password"} == Prompt().missing(known).keys()
    assert ["Base URL: ", "Password: "] == [question for question, _ in terminal.asked]


DEMO = "https://pub-api-x-demo-prod.etnasoft.us/api"


@pytest.mark.parametrize(
    ("base_url", "username", "said"),
    [
        ("https://api.example.com", "bob", "Log in to ETNA as bob at https://api.example.com (LIVE).\n"),
        (DEMO, "", f"Log in to ETNA at {DEMO} (DEMO).\n"),
        (f"{DEMO}/", "", f"Log in to ETNA at {DEMO} (DEMO).\n"),
        ("", "bob", ""),
    ],
)
def test_who_and_where_is_said_first(terminal: Terminal, capsys, base_url, username, said) -> None:
    """Before a password is typed, as the form says it, with LIVE or DEMO; not if it is not known where."""
    known = {"base_url": Secret(base_url), "username": Secret(username)}
    Prompt().missing(Settings({}).filled({name: value for name, value in known.items() if value}))
    assert said == capsys.readouterr().out


@pytest.mark.parametrize(
    ("label", "answer", "error"),
    [
        ("App key", "", InvalidCredentialsError),
        ("App key", " S2V5", InvalidCredentialsError),
        ("Base URL", "http://api.example.com", InsecureURLError),
    ],
)
def test_an_answer_that_cannot_be_used(
    terminal: Terminal, label: str, answer: str, error: type[EtnaError]
) -> None:
    """It is refused before the next question."""
    terminal.answers[label] = answer
    with pytest.raises(error):
        Prompt().missing(Settings({}))
    assert f"{label}: " == terminal.asked[-1][0]


@pytest.mark.parametrize(
    ("challenge", "asked", "printed"),
    [
        (
            ASKED_FOR_CODE,
            ("Code (sent by e-mail or SMS): ", True),
            "The server says: Expecting confirmation code\n",
        ),
        (ASKED_FOR_PIN, ("PIN: ", False), ""),
        (ASKED_FOR_PIN._replace(wrong=1), ("PIN: ", False), "The server says: Invalid pin\n"),
    ],
)
def test_a_challenge(
    terminal: Terminal, capsys: pytest.CaptureFixture[str], challenge: Challenge, asked, printed: str
) -> None:
    """A PIN is unseen, a code is seen; what the server says about it is shown where it says something."""
    terminal.answers |= {"PIN": "1357", "Code (sent by e-mail or SMS)": "246810"}
    assert Prompt().challenge(challenge) in (Secret("1357"), Secret("246810"))
    assert ([asked], printed) == (terminal.asked, capsys.readouterr().out)


PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
UNSHOWN = "The server also sent your picture, which a terminal cannot show.\n"


@pytest.mark.parametrize(
    ("change", "printed"),
    [
        pytest.param({}, "", id="neither"),
        pytest.param(
            {"phrase": "Blue heron"}, "Your phrase: Blue heron (go on only if it is yours)\n", id="phrase"
        ),
        pytest.param(
            {"image": PICTURE}, f"Your phrase: none (go on only if it is yours)\n{UNSHOWN}", id="picture"
        ),
        pytest.param(
            {"phrase": "Blue heron", "image": PICTURE},
            f"Your phrase: Blue heron (go on only if it is yours)\n{UNSHOWN}",
            id="both",
        ),
        pytest.param(
            {"phrase": "Blue heron", "wrong": 1},
            "Your phrase: Blue heron (go on only if it is yours)\nThe server says: Invalid pin\n",
            id="before what the server says",
        ),
    ],
)
def test_phrase_and_picture(terminal: Terminal, capsys, change: dict[str, object], printed: str) -> None:
    """The phrase is printed before the PIN is asked for; of a picture it is said that it cannot be shown."""
    seen: list[str] = []

    def type_pin(question: str) -> str:
        seen.append(capsys.readouterr().out)
        return "1357"

    terminal.answers["PIN"] = ""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(getpass, "getpass", type_pin)
        assert Secret("1357") == Prompt().challenge(ASKED_FOR_PIN._replace(**change))
    assert ([printed], "") == (seen, capsys.readouterr().out)


def test_a_picture_in_a_notebook(terminal: Terminal, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a kernel runs, the picture is displayed, and nothing is said about it."""
    terminal.answers["PIN"] = "1357"
    shown: list[object] = []
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setattr("IPython.display.display", shown.append)
    Prompt().challenge(ASKED_FOR_PIN._replace(phrase="Blue heron", image=Picture(PICTURE)))
    assert "Your phrase: Blue heron (go on only if it is yours)\n" == capsys.readouterr().out
    (image,) = shown
    # What a front end is sent.
    assert base64.b64encode(PICTURE).decode() == image._repr_png_()[0].replace("\n", "")


def test_no_picture_in_a_notebook(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is displayed where the server has sent none."""
    terminal.answers["PIN"] = "1357"
    shown: list[object] = []
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setattr("IPython.display.display", shown.append)
    Prompt().challenge(ASKED_FOR_PIN._replace(phrase="Blue heron"))
    assert [] == shown


def test_an_answer_that_was_not_sent(terminal: Terminal) -> None:
    """A connection that failed ends it: nobody has to type a code again into nowhere."""
    failed = ASKED_FOR_CODE._replace(failure=ConnectionFailedError("no answer"))
    with pytest.raises(ConnectionFailedError, match="no answer"):
        Prompt().challenge(failed)
    assert [] == terminal.asked


@pytest.mark.parametrize("how", [KeyboardInterrupt(), EOFError()])
def test_giving_up(terminal: Terminal, capsys: pytest.CaptureFixture[str], how: BaseException) -> None:
    """Ctrl-C and Ctrl-D end it in one line, which begins on a line of its own."""
    terminal.answers["Password"] = how
    with pytest.raises(NotLoggedInError) as caught:
        Prompt().missing(Settings({}))
    assert str(caught.value) == "The login was given up; nothing has changed. Log in again to go on."
    assert (None, None) == (caught.value.__cause__, caught.value.__context__)
    assert "\n" == capsys.readouterr().out


# As ipykernel and as xeus-python refuse it.
NO_INPUT = [
    StdinNotImplementedError("raw_input was called"),
    RuntimeError("no input"),
]


@pytest.mark.parametrize("how", NO_INPUT)
def test_a_front_end_that_takes_no_input(terminal: Terminal, monkeypatch, capsys, how) -> None:
    """It says what to set, as where nobody is asked; nothing is printed where no prompt was."""
    terminal.answers["Base URL"] = how
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(MissingCredentialsError, match=r"^ETNA_BASE_URL, .* are not set") as caught:
        Prompt().missing(Settings({}))
    assert ("", None) == (capsys.readouterr().out, caught.value.__context__)


@pytest.mark.parametrize("how", NO_INPUT)
def test_a_challenge_where_no_input_is_taken(terminal: Terminal, how) -> None:
    """It names the option that would have answered."""
    terminal.answers["Code (sent by e-mail or SMS)"] = how
    with pytest.raises(VerificationError, match="--code CODE"):
        Prompt().challenge(ASKED_FOR_CODE)


def test_a_console_may_show_what_is_typed(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    """A Qt console shows what is typed to getpass, and cannot be told apart: each unseen question says so."""
    shown = " (a Qt console shows it)"
    terminal.answers |= {label + shown: ANSWERS[label] for label in ("App key", "Password")}
    terminal.answers["PIN" + shown] = "1357"
    prompt = Prompt(is_console=True)
    prompt.missing(Settings({}))
    # What jupyter run shows before it fails at the first question.
    variables = "ETNA_BASE_URL, ETNA_APP_KEY, ETNA_USERNAME, ETNA_PASSWORD"
    assert f"Asking for what is not set: {variables}\n" == capsys.readouterr().out
    prompt.challenge(ASKED_FOR_PIN)
    assert ["Base URL: ", f"App key{shown}: ", "Username: ", f"Password{shown}: ", f"PIN{shown}: "] == [
        question for question, _ in terminal.asked
    ]
