"""Small promises that a hostile reading found broken once."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from IPython.core.error import UsageError

from etna_magic.exceptions import EtnaError, MissingCredentialsError
from etna_magic.namespace import Logins
from etna_magic.options import checked_name
from etna_magic.secret import Secret
from etna_magic.settings import Settings
from etna_magic.usage import uses

KNOWN = {name: Secret("x") for name in ("app_key", "username", "password")} | {
    "base_url": Secret("https://api.example.com")
}


def test_a_broken_env_file_stops_no_log_in_that_needs_nothing_of_it(tmp_path: Path, monkeypatch) -> None:
    """First wins: what is known already needs no .env, and what is not is told."""
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    monkeypatch.chdir(tmp_path)
    assert () == Settings.read(KNOWN).missing
    with pytest.raises(MissingCredentialsError, match="UTF-8"):
        Settings.read({})


def test_a_value_in_an_env_file_is_taken_literally(tmp_path: Path, monkeypatch) -> None:
    """A password may hold what looks like a variable."""
    monkeypatch.setenv("USER", "somebody")
    (tmp_path / ".env").write_text("ETNA_PASSWORD='demo-${USER}-17'\n")
    monkeypatch.chdir(tmp_path)
    assert "demo-${USER}-17" == Settings.read({}).known["password"].value.get_secret_value()


def test_a_name_is_spelled_as_python_spells_it() -> None:
    """A variable that a cell cannot name would be lost."""
    assert "firm" == checked_name("\ufb01rm")
    with pytest.raises(UsageError):
        checked_name("not a name")


def test_a_variable_that_is_none_is_a_users_own() -> None:
    """It is not overwritten either."""
    with pytest.raises(EtnaError, match="etna_token is a variable of your own"):
        Logins({"etna_token": None}).refuse_foreign("etna")


def test_a_cached_function_and_a_container_are_looked_into() -> None:
    """`warn = 'used'` sees the log-in behind functools.cache and in a dict."""
    session = object()

    @functools.cache
    def quote() -> object:
        return session

    assert uses("quote()", {"quote": quote}, [session])
    assert uses("desks['a'].get()", {"desks": {"a": session}}, [session])
