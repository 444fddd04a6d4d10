"""IPython beside us: ``%store``, ``%xmode``, and what it keeps of outputs."""

import copy
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from etna_magic import EtnaSession, NotLoggedInError, Token, TokenState
from tests.helpers import accounts
from tests.helpers.accounts import APP_KEY, PASSWORD, SUCCESS
from tests.helpers.leaks import caught
from tests.helpers.logins import put
from tests.helpers.server import ScriptedServer, answer
from tests.libraries.seen import secrets_below, secrets_in


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """Run an IPython with a login's secrets in its environment."""
    monkeypatch.setenv("ETNA_APP_KEY", APP_KEY)
    monkeypatch.setenv("ETNA_PASSWORD", PASSWORD)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # %xmode replaces it
    yield InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    InteractiveShell.clear_instance()


@pytest.fixture
def logged_in(server: ScriptedServer, shell: InteractiveShell) -> Iterator[InteractiveShell]:
    """Log in by the magic."""
    shell.run_line_magic("load_ext", "etna_magic")
    server.play(answer(200, SUCCESS))
    shell.run_line_magic("etna_login", f"-u alice -b {server.base_url} --no-input")
    server.play(answer(200, b"{}"))
    yield shell
    shell.run_line_magic("unload_ext", "etna_magic")


def test_store(
    server: ScriptedServer, session: EtnaSession, token: Token, shell: InteractiveShell, tmp_path: Path
) -> None:
    """``%store`` keeps what has a session in it, without a secret, and gives back a copy that says so."""
    shell.run_line_magic("load_ext", "storemagic")
    shell.user_ns.update(etna_session=session, etna_token=token, work={"done": [1, 2], "with": session})
    shell.run_line_magic("store", "etna_session etna_token work")
    assert [] == secrets_below(tmp_path / "home")
    for name in ("etna_session", "etna_token", "work"):
        del shell.user_ns[name]
    shell.run_line_magic("store", "-r")
    assert ([1, 2], True) == (shell.user_ns["work"]["done"], shell.user_ns["etna_token"].is_copy)
    error = caught(lambda: shell.user_ns["etna_session"].get("v1.0/quotes"))
    assert (NotLoggedInError, []) == (type(error), server.received)


def test_login_after_a_copy(server: ScriptedServer, logged_in: InteractiveShell) -> None:
    """A login takes the place of copies that were loaded under its names."""
    names = logged_in.user_ns
    logged_in.run_line_magic("etna_logout", "")
    old = put(accounts.token(server.base_url))
    names["etna_token"], names["etna_session"] = copy.copy(old.token), copy.copy(old.session)
    server.play(answer(200, SUCCESS))
    logged_in.run_line_magic("etna_login", f"-u alice -b {server.base_url} --no-input")
    assert (False, False) == (names["etna_token"].is_copy, names["etna_session"].is_copy)


def test_outputs_after_logout(server: ScriptedServer, logged_in: InteractiveShell) -> None:
    """After ``%etna_logout`` neither ``Out`` nor ``_`` leads to a live token or to its headers."""
    names = logged_in.user_ns
    for cell in ("etna_token", "etna_session.token.headers()", "etna_token", "[etna_session, etna_token]"):
        logged_in.run_cell(cell, store_history=True)
    kept = [names["Out"][number] for number in sorted(names["Out"])]
    assert 4 == len(kept)
    server.play(answer(204))
    logged_in.run_cell("%etna_logout", store_history=True)
    token, headers, again, (session, last) = kept
    assert ({TokenState.STALE}, {}) == ({one.state for one in (token, again, last)}, headers)
    for use in (token.get_secret_value, last.headers, lambda: session.token, lambda: session.get("v1.0/x")):
        assert NotLoggedInError is type(caught(use))
    assert 1 == len(server.received)


@pytest.mark.parametrize("mode", ["Plain", "Context", "Verbose", "Minimal", "Docs"])
def test_every_xmode(
    session: EtnaSession, shell: InteractiveShell, capsys: pytest.CaptureFixture[str], mode: str
) -> None:
    """A cell that fails shows one line of ours, in each mode of IPython."""
    session.holder.release("was logged out")
    shell.user_ns["etna_session"] = session
    shell.run_line_magic("xmode", mode)
    capsys.readouterr()
    result = shell.run_cell("etna_session.get('v1.0/quotes')")
    assert "NotLoggedInError" == type(result.error_in_exec).__name__
    assert "NotLoggedInError: etna was logged out.\n" == capsys.readouterr().out


def test_verbose_of_a_users_error(
    server: ScriptedServer, logged_in: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """With ``%xmode Verbose`` an error of the user's own that was raised from ours shows no secret."""
    server.play(answer(401))
    logged_in.run_line_magic("xmode", "Verbose")
    cell = "try:\n    etna_session.post('v1.0/x')\nexcept Exception as error:\n    raise KeyError from error"
    logged_in.run_cell(cell)
    text = capsys.readouterr().out
    assert ("TokenExpiredError" in text, "KeyError" in text) == (True, True)
    assert [] == secrets_in(text)
