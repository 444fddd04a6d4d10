"""The options of a login: which of them a bare `%etna_login` repeats, and what is kept of it."""

import inspect
from pathlib import Path

import pytest

from etna_magic import Secret
from etna_magic.settings import LoginOptions
from tests.helpers import accounts

ENV_FILE, DOTENV = Path("named.env"), Path("/home/alice/.env")
TYPED = {"username": Secret("alice"), "app_key": Secret(accounts.APP_KEY)}
UNSEEN = {"password": Secret(accounts.PASSWORD), "pin": Secret(accounts.PIN)}
BEFORE = LoginOptions(
    name="paper",
    base_url="https://api.example.com",
    username="alice",
    lifetime="90m",
    env_file=ENV_FILE,
    dotenv=DOTENV,
    typed=TYPED,
    typed_for="https://api.example.com",
)
#: What no repetition takes over from the login before.
OF_ONE_LINE = {"code", "ask", "dotenv"}


def differing(one: LoginOptions, other: LoginOptions) -> set[str]:
    """Return the names of the options in which two differ."""
    names = inspect.signature(LoginOptions).parameters
    return {name for name in names if getattr(one, name) != getattr(other, name)}


def test_a_bare_line_repeats_the_last_login() -> None:
    """Who, where and what was typed are those of before; the `.env` is looked for again."""
    assert {"dotenv"} == differing(BEFORE, LoginOptions(name="paper").repeating(BEFORE))


@pytest.mark.parametrize(
    "given",
    [
        {"username": "bob"},
        {"base_url": "https://other.example.com"},
        {"env_file": Path("other.env")},
        {"sandbox": True},
    ],
    ids=str,
)
def test_a_line_that_says_who_or_where_repeats_nothing(given: dict[str, object]) -> None:
    """Nothing of another user's login is mixed into it."""
    options = LoginOptions(name="paper", **given)
    assert options is options.repeating(BEFORE)


def test_without_a_login_before() -> None:
    """There is nothing to repeat."""
    options = LoginOptions(lifetime="2h")
    assert options is options.repeating(None)


@pytest.mark.parametrize(
    "given",
    [
        {"lifetime": "2h"},
        {"code": Secret(accounts.CODE)},
        {"ask": "prompt"},
        {"auto_renew": True},
        {"remember": True},
        {"read_only": True},
    ],
    ids=lambda given: next(iter(given)),
)
def test_what_a_bare_line_may_change(given: dict[str, object]) -> None:
    """How it logs in this time is the line's own."""
    repeated = LoginOptions(name="paper", **given).repeating(BEFORE)
    assert {"dotenv", *given} == differing(BEFORE, repeated)
    assert given == {name: getattr(repeated, name) for name in given}


def test_what_stays_switched_on() -> None:
    """Renewing and remembering go on; read-only, whom to ask and a code were for one login."""
    before = LoginOptions(
        auto_renew=True, remember=True, read_only=True, ask="never", code=Secret(accounts.CODE)
    )
    repeated = LoginOptions().repeating(before)
    assert (True, True, False, None, None) == (
        repeated.auto_renew, repeated.remember, repeated.read_only, repeated.ask, repeated.code,
    )  # fmt: skip


@pytest.mark.parametrize("renews", [False, True])
def test_what_is_kept_of_a_login(renews: bool) -> None:  # noqa: FBT001 - a table's column
    """What was typed, for the server of its token; password and PIN only where it renews by itself."""
    asked = LoginOptions(username="alice", ask="form", code=Secret(accounts.CODE), typed={"pin": Secret("1")})
    token = accounts.token("https://api.example.com/api")
    kept = asked.after(token, TYPED | UNSEEN, DOTENV, renews=renews)
    assert (None, None, DOTENV, token.base_url) == (kept.ask, kept.code, kept.dotenv, kept.typed_for)
    assert TYPED | (UNSEEN if renews else {}) == kept.typed
    assert {"ask", "code", "dotenv", "typed", "typed_for"} == differing(asked, kept)


def test_what_was_typed_before_is_kept() -> None:
    """A login that asked for nothing forgets nothing that it was repeated with."""
    kept = BEFORE.after(accounts.token("https://api.example.com"), {}, None, renews=True)
    assert TYPED == kept.typed


def test_options_show_no_secret() -> None:
    """Neither a code nor what was typed is shown."""
    options = LoginOptions(username="alice", code=Secret(accounts.CODE), typed=TYPED | UNSEEN)
    assert [] == [secret for secret in accounts.SECRETS if secret in f"{options!r} {options}"]
    assert "'alice'" in repr(options)
