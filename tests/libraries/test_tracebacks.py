"""What shows an exception with the values around it: no secret is among them, whatever failed."""

import traceback
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
import requests
import rich
import stackprinter
from IPython.core.ultratb import VerboseTB
from loguru import logger
from requests.adapters import HTTPAdapter
from rich.console import Console
from rich.pretty import pprint
from rich.traceback import Traceback

from etna_magic import EtnaError, EtnaSession, Token
from tests.helpers.accounts import PASSWORD, SECRETS
from tests.helpers.leaks import leaks
from tests.helpers.server import ScriptedServer
from tests.libraries.failures import FAILURES, fail
from tests.libraries.seen import secrets_in


def by_stackprinter(error: BaseException) -> str:
    """Show the value of every name in the lines near each call."""
    return stackprinter.format(
        error, show_vals="all", truncate_vals=100_000, source_lines="all", suppressed_paths=[]
    )


def by_rich(error: BaseException) -> str:
    """Show the locals of each frame, to their last character."""
    console = Console(file=StringIO(), width=400, record=True)
    shown = Traceback.from_exception(
        type(error),
        error,
        error.__traceback__,
        show_locals=True,
        locals_max_length=None,
        locals_max_string=None,
        locals_hide_dunder=False,
        locals_hide_sunder=False,
        max_frames=0,
    )
    console.print(shown)
    return console.export_text()


def by_loguru(error: BaseException) -> str:
    """Show values below the source, of the frames above the catch as well."""
    sink = StringIO()
    number = logger.add(sink, diagnose=True, backtrace=True, colorize=False)
    try:
        logger.opt(exception=error).error("failed")
    finally:
        logger.remove(number)
    return sink.getvalue()


def by_traceback(error: BaseException) -> str:
    """Show what the standard library shows of locals."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def by_ipython(error: BaseException) -> str:
    """Show what ``%xmode Verbose`` shows."""
    shower = VerboseTB(theme_name="nocolor", include_vars=True, long_header=True)
    return shower.text(type(error), error, error.__traceback__, context=20)


SHOWN_BY: dict[str, Callable[[BaseException], str]] = {
    "stackprinter": by_stackprinter,
    "rich": by_rich,
    "loguru": by_loguru,
    "traceback": by_traceback,
    "ipython": by_ipython,
}


def wrapped(error: EtnaError) -> Exception:
    """Return an exception of a user's own that was raised from ours."""
    try:
        try:
            raise error
        except EtnaError as ours:
            raise RuntimeError("the strategy stopped") from ours
    except RuntimeError as theirs:
        return theirs


@pytest.mark.parametrize("tool", SHOWN_BY)
@pytest.mark.parametrize("failure", FAILURES)
def test_no_secret(server: ScriptedServer, failure: str, tool: str) -> None:
    """No secret is shown by any of these, for any of our errors and one that was raised from it."""
    error = fail(server, failure)
    text = SHOWN_BY[tool](wrapped(error))
    assert type(error).__name__ in text
    assert [] == secrets_in(text)


class CarelessAdapter(HTTPAdapter):
    """An adapter of a user's own that fails with what it has in its hands.

    Parameters
    ----------
    with_request
        Whether its exception holds the request, or only the cause does.
    """

    def __init__(self, *, with_request: bool) -> None:
        super().__init__()
        self._with_request = with_request

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Fail with the request, headers and all."""
        held = [request] if self._with_request else []
        raise LookupError("no way", *held) from requests.ConnectionError(request=request)


def fail_in_adapter(session: EtnaSession) -> None:
    """Fail below the session, where the request is signed."""
    session.mount("http://", CarelessAdapter(with_request=True))
    session.post("v1.0/orders")


def fail_by_cause(session: EtnaSession) -> None:
    """Fail there with an exception that is handed on as it is, but for its cause."""
    session.mount("http://", CarelessAdapter(with_request=False))
    session.post("v1.0/orders")


def fail_in_hook(session: EtnaSession) -> None:
    """Fail in a hook of the user's own."""
    session.hooks["response"].append(_hook)
    session.get("v1.0/quotes")


def _hook(response: requests.Response, **_: Any) -> None:
    raise LookupError(f"{response.status_code} is not what it was", response.request)


@pytest.mark.parametrize("tool", SHOWN_BY)
@pytest.mark.parametrize("act", [fail_in_adapter, fail_by_cause, fail_in_hook])
def test_users_own_code(session: EtnaSession, act: Callable[[EtnaSession], None], tool: str) -> None:
    """No secret is shown if it is the user's own adapter or hook that fails."""
    with pytest.raises((LookupError, EtnaError)) as raised:
        act(session)
    text = SHOWN_BY[tool](raised.value)
    assert ("LookupError" in text, []) == (True, secrets_in(text))
    assert [] == leaks(raised.value, SECRETS)


@pytest.mark.parametrize("tool", SHOWN_BY)
def test_tools_look(tool: str) -> None:
    """Each of these does show a secret that is in a local: what the tests here find, or do not, counts."""

    def careless(value: str) -> None:
        raise ValueError(f"{len(value)} letters")

    with pytest.raises(ValueError, match="letters") as raised:
        careless(PASSWORD)
    assert PASSWORD in SHOWN_BY[tool](raised.value)


def inspected(value: object) -> str:
    """Return what ``rich.inspect`` shows of everything that an object has."""
    console = Console(file=StringIO(), width=400, record=True)
    rich.inspect(value, all=True, methods=True, private=True, dunder=True, value=True, console=console)
    pprint(value, console=console, expand_all=True)
    return console.export_text()


def test_inspect_token(token: Token) -> None:
    """``rich.inspect`` reads every attribute of a token, and finds no secret."""
    text = inspected(token)
    assert (True, []) == ("expires_at" in text, secrets_in(text))


def test_inspect_session(session: EtnaSession) -> None:
    """``rich.inspect`` finds none in a session, in what it has and in the session of a worker either."""
    session.get("v1.0/quotes")
    things = (session, session.holder, session.get_adapter("http://x/"), session.for_workers())
    text = "".join(map(inspected, things))
    assert (True, []) == ("alice" in text, secrets_in(text))


def test_inspect_answer(session: EtnaSession) -> None:
    """``rich.inspect`` finds none in an answer and its request."""
    found = session.get("v1.0/quotes")
    text = inspected(found) + inspected(found.request)
    assert [] == secrets_in(text)
