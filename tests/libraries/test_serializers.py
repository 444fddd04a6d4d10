"""What writes objects down: pandas, walkers, pickle, dill and copies. None gets a secret."""

import copy
import dataclasses
import json
import pickle
import pprint
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle
import dill
import pandas as pd
import pytest

from etna_magic import EtnaSession, NotLoggedInError, Token, TokenState
from tests.helpers.accounts import TOKEN
from tests.helpers.clean_home import environment
from tests.helpers.leaks import caught
from tests.helpers.logins import put
from tests.helpers.server import ScriptedServer
from tests.libraries.seen import secrets_in


def test_pandas_json(token: Token) -> None:
    """``DataFrame.to_json`` reads every attribute of a token, and writes no secret."""
    text = pd.DataFrame({"t": [token]}).to_json(default_handler=str)
    assert (True, []) == ("alice" in text, secrets_in(text))
    assert [] == secrets_in(pd.DataFrame({"t": [token]}).to_json())


@pytest.mark.parametrize("orient", ["split", "records", "index", "columns", "values"])
def test_pandas_json_orients(token: Token, orient: Any) -> None:
    """Nor does it in any orientation, with the token in a dict or a list."""
    frame = pd.DataFrame({"t": [token, {"t": token}, [token]]})
    assert [] == secrets_in(frame.to_json(orient=orient))


def test_pandas_json_session(session: EtnaSession) -> None:
    """Whatever ``to_json`` makes of a session, be it an error, has no secret."""
    frame = pd.DataFrame({"s": [session]})
    try:
        text = frame.to_json()
    except (ValueError, OverflowError) as error:
        text = str(error)
    assert [] == secrets_in(text + frame.to_json(default_handler=str))


def test_pandas_headers(token: Token) -> None:
    """The headers that a user asked for are a dict like any other: who writes that down has asked for it."""
    text = pd.DataFrame({"h": [token.headers()]}).to_json()
    assert (True, []) == (TOKEN.replace("/", "\\/") in text, secrets_in(str(token.headers())))


@pytest.mark.parametrize("way", ["to_pickle", "to_csv", "to_html", "to_string"])
def test_pandas_files(session: EtnaSession, token: Token, tmp_path: Path, way: str) -> None:
    """A frame with a token and a session is written in every way, without a secret."""
    path = tmp_path / "frame"
    getattr(pd.DataFrame({"t": [token], "s": [session], "k": [token.app_key()]}), way)(path)
    assert [] == secrets_in(path.read_bytes().decode("latin-1"))


def walk(value: object, depth: int, seen: set[int]) -> Iterator[str]:
    """Yield all texts that a walker finds which reads every attribute and item, and calls nothing."""
    if isinstance(value, (str, bytes)):
        yield str(value)
    elif depth and id(value) not in seen and not isinstance(value, (type, ModuleType)):
        seen.add(id(value))
        yield repr(value)
        items = [*value, *value.values()] if isinstance(value, dict) else value
        if isinstance(items, (list, tuple, set)):
            for item in items:
                yield from walk(item, depth - 1, seen)
        elif not callable(value) or hasattr(value, "get_secret_value") or hasattr(value, "adapters"):
            for name in dir(value):
                if not name.startswith("__"):
                    yield from walk(_read(value, name), depth - 1, seen)


def _read(value: object, name: str) -> object:
    try:
        return getattr(value, name)
    except Exception as error:  # noqa: BLE001 - a property may raise, and walkers go on
        return str(error)


@pytest.mark.parametrize("what", ["token", "session", "login", "worker"])
def test_walkers(token: Token, what: str) -> None:
    """A walker like jsonpickle's, which reads every attribute and property to the bottom, finds no secret."""
    login = put(token)
    things = {
        "token": token,
        "session": login.session,
        "login": login,
        "worker": login.session.for_workers(),
    }
    texts = list(walk(things[what], 7, set()))
    assert ("alice" in "".join(texts), []) == (True, secrets_in("".join(texts)))


WRITERS: dict[str, Callable[[Any], str]] = {
    "pprint": lambda value: pprint.pformat({"v": value}),
    "vars": lambda value: json.dumps({"v": value}, default=_members),
    "str": lambda value: json.dumps({"v": value}, default=str),
    "dataclass": lambda value: repr(dataclasses.asdict(_Record(value))),
    "state": lambda value: repr(value.__getstate__()),
}


@dataclasses.dataclass
class _Record:
    value: object


def _members(value: object) -> object:
    slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    named = {name: getattr(value, name, None) for name in slots}
    return {name: str(item) for name, item in {**named, **getattr(value, "__dict__", {})}.items()}


@pytest.mark.parametrize("writer", WRITERS)
def test_writers(session: EtnaSession, token: Token, writer: str) -> None:
    """Nor does anything of the standard library that writes down what it finds."""
    for value in (token, session, token.app_key()):
        assert [] == secrets_in(WRITERS[writer](value))


PICKLERS: dict[str, Any] = {"pickle": pickle, "dill": dill, "cloudpickle": cloudpickle}


@pytest.mark.parametrize("pickler", PICKLERS)
def test_pickles(session: EtnaSession, token: Token, pickler: str) -> None:
    """Every pickle works, holds no secret, and says when it is used what to do."""
    answer = session.get("v1.0/quotes")
    data = PICKLERS[pickler].dumps([session, token, token.app_key(), answer, session.holder.account])
    copied, stale, key, body, account = pickle.loads(data)  # noqa: S301 - it is our own
    assert [] == secrets_in(data.decode("latin-1"))
    assert (b"{}", session.account, False) == (body.content, account, bool(key))
    assert ((True, True), TokenState.STALE) == ((copied.is_copy, stale.is_copy), stale.state)
    for error in (caught(lambda: copied.post("v1.0/orders")), caught(stale.get_secret_value)):
        assert NotLoggedInError is type(error)
        assert ("%etna_login" in str(error), "for_workers()" in str(error)) == (True, True)


@pytest.mark.parametrize("pickler", PICKLERS)
def test_pickles_of_a_function(session: EtnaSession, pickler: str) -> None:
    """A function that uses a session can be pickled, and its pickle holds no secret."""

    def quote(symbol: str) -> str:
        return session.get(f"v1.0/quotes/{symbol}").text

    if pickler == "pickle":
        with pytest.raises((pickle.PicklingError, AttributeError)):
            pickle.dumps(quote)
        return
    data = PICKLERS[pickler].dumps(quote, recurse=True) if pickler == "dill" else cloudpickle.dumps(quote)
    error = caught(lambda: PICKLERS[pickler].loads(data)("AAPL"))
    assert (NotLoggedInError, []) == (type(error), secrets_in(data.decode("latin-1")))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy], ids=["copy", "deepcopy"])
def test_copies(server: ScriptedServer, session: EtnaSession, token: Token, copied: Callable) -> None:
    """A copy of a token or session, or of what has one, says whose it was and cannot be used."""
    held = copied({"session": copied(session), "token": copied(token), "list": [1, 2]})
    assert ([1, 2], True, True) == (held["list"], held["session"].is_copy, held["token"].is_copy)
    assert NotLoggedInError is type(caught(lambda: held["session"].get("v1.0/quotes")))
    session.get("v1.0/quotes")
    assert (1, token) == (len(server.received), session.token)


def run(*arguments: str, home: Path) -> str:
    """Run the process of dill, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.libraries.dumped_process", *arguments],
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "" == done.stderr
    return done.stdout


def test_dill_module(server: ScriptedServer, tmp_path: Path) -> None:
    """``dill.dump_module`` saves all of a user's work, without a secret; the session says what to do then."""
    file = tmp_path / "work.pkl"
    run("save", str(file), server.base_url, home=tmp_path)
    assert [] == secrets_in(file.read_bytes().decode("latin-1"))
    seen = json.loads(run("load", str(file), home=tmp_path))
    assert ([[1, 2, 3], "{}", "{}"], [True] * 3) == (seen["work"], seen["copies"])
    assert ["STALE", "alice"] == seen["says"]
    for raised in seen["raised"]:
        assert ("NotLoggedInError", True) == (raised.split(":")[0], "%etna_login" in raised)
