"""What answers in a server's place: responses, requests-mock and vcrpy, beside a session."""

import gc
import weakref
from pathlib import Path
from typing import Any

import pytest
import requests
import requests_mock
import responses
import vcr

from etna_magic import EtnaSession, InvalidCredentialsError, NotLoggedInError, Token
from etna_magic.login_flow import log_out_on_server
from tests.helpers import accounts
from tests.helpers.accounts import APP_KEY, PASSWORD, SECRETS, SUCCESS, TOKEN
from tests.helpers.leaks import caught, leaks
from tests.helpers.logins import log_in, session_of
from tests.helpers.server import ScriptedServer, answer
from tests.libraries.seen import secrets_in

BASE = "http://127.0.0.1:9/api"  # nothing listens there
QUOTES, ORDERS, PROBE = (f"{BASE}/v1.0/{path}" for path in ("quotes", "orders", "users/@me/info"))
BEARER = f"Bearer {TOKEN}"
PLACEHOLDER = f"••• alice at {BASE}"


def sent(server: ScriptedServer) -> list[tuple[str, list[str], list[str]]]:
    """Return the last part of each path that came, and the two headers of a session."""
    return [
        (one.target.rsplit("/", 1)[-1], one.values("Authorization"), one.values("Et-App-Key"))
        for one in server.received
    ]


@responses.activate
def test_responses_calls() -> None:
    """A mock of responses answers, and records each call as it would have been sent."""
    responses.get(QUOTES, json={"Last": 5})
    responses.post(ORDERS, status=201)
    with session_of(accounts.token(BASE)) as session:
        assert {"Last": 5} == session.get("v1.0/quotes").json()
        assert 201 == session.post("v1.0/orders").status_code
    assert [BEARER, BEARER] == [call.request.headers["Authorization"] for call in responses.calls]


@responses.activate
def test_responses_login_and_logout() -> None:
    """Login and logout are answered by responses."""
    responses.post(f"{BASE}/token", SUCCESS)
    responses.post(f"{BASE}/logout", status=204)
    token = log_in(accounts.credentials(BASE))
    assert (TOKEN, "") == (token.get_secret_value(), log_out_on_server(token, 5.0))
    assert ["token", "logout"] == [call.request.url.rsplit("/", 1)[-1] for call in responses.calls]


@responses.activate
def test_responses_probe() -> None:
    """The question about a 401 is answered by responses, too."""
    responses.get(QUOTES, status=401)
    responses.get(PROBE, json={})
    with session_of(accounts.token(BASE)) as session:
        assert 401 == session.get("v1.0/quotes").status_code
    assert [QUOTES, PROBE] == [call.request.url for call in responses.calls]


@responses.activate
def test_responses_errors() -> None:
    """What a mock raises comes out as an exception of the same class, and one of ours."""
    responses.post(ORDERS, body=requests.ConnectionError("no route"))
    with session_of(accounts.token(BASE)) as session:
        error = caught(lambda: session.post("v1.0/orders"))
    assert isinstance(error, requests.ConnectionError)


@responses.activate
def test_responses_unknown() -> None:
    """A call that responses does not know is a failed connection, as it is for any session."""
    with session_of(accounts.token(BASE)) as session:
        error = caught(lambda: session.get("v1.0/nothing"))
    assert isinstance(error, requests.ConnectionError)


@pytest.fixture
def mocked() -> Any:
    """Mock all of requests."""
    with requests_mock.Mocker() as mocker:
        mocker.get(f"{BASE}/v1.0/quotes", json={"Last": 5})
        mocker.post(f"{BASE}/v1.0/orders", status_code=201)
        mocker.post(f"{BASE}/token", content=SUCCESS)
        mocker.post(f"{BASE}/logout", status_code=204)
        yield mocker


def test_requests_mock(mocked: requests_mock.Mocker) -> None:
    """Login, calls and logout are answered by requests-mock."""
    token = log_in(accounts.credentials(BASE))
    with session_of(token) as session:
        assert {"Last": 5} == session.get("v1.0/quotes").json()
        assert 201 == session.post("v1.0/orders").status_code
    assert "" == log_out_on_server(token, 5.0)
    paths = [one.path.rsplit("/", 1)[-1] for one in mocked.request_history]
    assert ["token", "quotes", "orders", "logout"] == paths


def test_requests_mock_sees_no_secret(mocked: requests_mock.Mocker) -> None:
    """The mock's record of a session's calls names the account and holds no secret."""
    with session_of(accounts.token(BASE)) as session:
        session.get("v1.0/quotes")
    headers = mocked.last_request.headers
    assert (PLACEHOLDER, False) == (headers["Authorization"], "Et-App-Key" in headers)


def test_after_requests_mock(server: ScriptedServer, session: EtnaSession) -> None:
    """A session that was used under requests_mock.Mocker() signs afterwards, and sends no placeholder."""
    with requests_mock.Mocker() as mocker:
        mocker.get(requests_mock.ANY, json={})
        session.get("v1.0/mocked")
    session.get("v1.0/read")
    session.post("v1.0/order")
    assert [("read", [BEARER], [APP_KEY]), ("order", [BEARER], [APP_KEY])] == sent(server)


def test_after_mocking_one_session(server: ScriptedServer, session: EtnaSession) -> None:
    """So does one that was given to requests_mock.Mocker(session=...), on whose object it stays."""
    with requests_mock.Mocker(session=session) as mocker:
        mocker.get(requests_mock.ANY, json={"mocked": True})
        assert {"mocked": True} == session.get("v1.0/mocked").json()
    session.get("v1.0/read")
    session.post("v1.0/order")
    assert [("read", [BEARER], [APP_KEY]), ("order", [BEARER], [APP_KEY])] == sent(server)


def test_real_http_below_a_mock(server: ScriptedServer, session: EtnaSession) -> None:
    """With real_http, what is not mocked is signed and sent."""
    with requests_mock.Mocker(real_http=True):
        session.get("v1.0/read")
    with requests_mock.Mocker(session=session, real_http=True):
        session.get("v1.0/again")
    assert [("read", [BEARER], [APP_KEY]), ("again", [BEARER], [APP_KEY])] == sent(server)


def test_mounted_mock() -> None:
    """An adapter of requests-mock that is mounted answers reads and orders."""
    adapter = requests_mock.Adapter()
    adapter.register_uri(requests_mock.ANY, requests_mock.ANY, json={"mocked": True})
    with session_of(accounts.token(BASE)) as session:
        session.mount(BASE, adapter)
        found = [session.get("v1.0/quotes").json(), session.post("v1.0/orders").json()]
    assert [{"mocked": True}] * 2 == found


def test_rules_after_a_mock(server: ScriptedServer, session: EtnaSession) -> None:
    """After a mock the session asks about a 401, and closes for a login that was ended."""
    with requests_mock.Mocker() as mocker:
        mocker.get(requests_mock.ANY, json={})
        session.get("v1.0/mocked")
    server.play(answer(401), answer(200))
    assert (401, 2) == (session.get("v1.0/other").status_code, len(server.received))
    session.holder.release("was logged out")
    assert isinstance(caught(lambda: session.get("v1.0/read")), NotLoggedInError)


def test_recorder(server: ScriptedServer, token: Token, tmp_path: Path) -> None:
    """What vcrpy records of login, calls and logout, it plays back without a server."""
    assert_records_and_plays(server, tmp_path / "tape.yaml")


def test_recorder_with_tls(tls_server: ScriptedServer, tmp_path: Path) -> None:
    """So it does with TLS, whose connections are of another class."""
    assert_records_and_plays(tls_server, tmp_path / "tape.yaml")


def assert_records_and_plays(server: ScriptedServer, file: Path) -> None:
    """Hold that a second run needs no server, and is answered as the first was."""
    server.play(answer(200, SUCCESS), answer(200, b'{"Last": 5}'), answer(201), answer(204))
    tape = vcr.VCR(filter_headers=["Authorization", "Et-App-Key", "Password"])

    def story() -> tuple[Any, ...]:
        made = log_in(accounts.credentials(server.base_url))
        with session_of(made) as session:
            read, order = session.get("v1.0/quotes").json(), session.post("v1.0/orders").status_code
        return made.username, read, order, log_out_on_server(made, 5.0)

    with tape.use_cassette(str(file)):
        recorded = story()
    with tape.use_cassette(str(file), record_mode="none") as cassette:
        played = story()
    assert (("alice", {"Last": 5}, 201, ""), 4, 4) == (played, cassette.play_count, len(server.received))
    assert recorded == played


def test_recorder_filters(server: ScriptedServer, session: EtnaSession, tmp_path: Path) -> None:
    """The filters of vcrpy, written as for anybody's headers, keep token and app key off its tape."""
    tape = tmp_path / "tape.yaml"
    with vcr.use_cassette(str(tape), filter_headers=["Authorization", "Et-App-Key"]):
        session.get("v1.0/quotes")
    text = tape.read_text("utf-8")
    assert (True, []) == ("quotes" in text, secrets_in(text))


def test_after_a_recorder(server: ScriptedServer, session: EtnaSession, tmp_path: Path) -> None:
    """Connections made before, during and after a recording are each what is in use at that time."""
    session.get("v1.0/before")
    with vcr.use_cassette(str(tmp_path / "tape.yaml")) as cassette:
        session.get("v1.0/during")
    session.get("v1.0/after")
    assert 1 == len(cassette)
    assert ["before", "during", "after"] == [path for path, *_ in sent(server)]


def test_tapes_do_not_live_on(server: ScriptedServer, session: EtnaSession, tmp_path: Path) -> None:
    """Tapes, which have the token on them, are not kept by a session that goes on: of five at most two."""
    tapes: list[weakref.ref] = []
    for number in range(5):
        with vcr.use_cassette(str(tmp_path / f"{number}.yaml")) as cassette:
            session.get(f"v1.0/{number}")
            tapes.append(weakref.ref(cassette))
    del cassette
    session.get("v1.0/after")
    gc.collect()
    assert 6 == len(server.received)
    assert sum(tape() is not None for tape in tapes) <= 2


def test_played_refusal(server: ScriptedServer, tmp_path: Path) -> None:
    """A refusal that is played back is the same error as the one that was recorded."""
    server.play(answer(200, accounts.body(State="Failed", Reason="Invalid credentials")))
    errors = []
    for mode in ("once", "none"):
        with vcr.use_cassette(str(tmp_path / "tape.yaml"), record_mode=mode):
            errors.append(caught(lambda: log_in(accounts.credentials(server.base_url))))
    assert ([InvalidCredentialsError] * 2, 1) == ([type(one) for one in errors], len(server.received))
    assert str(errors[0]) == str(errors[1])
    assert PASSWORD not in str(errors[0])


def test_unknown_to_the_recorder(server: ScriptedServer, session: EtnaSession, tmp_path: Path) -> None:
    """A call that is not on the tape raises, names what the recorder has raised, and holds no secret."""
    tape = str(tmp_path / "tape.yaml")
    with vcr.use_cassette(tape, filter_headers=["Authorization", "Et-App-Key"]):
        session.get("v1.0/quotes")
    with (
        vcr.use_cassette(tape, filter_headers=["Authorization", "Et-App-Key"], record_mode="none"),
        pytest.raises(Exception, match="CannotOverwriteExistingCassetteException") as raised,
    ):
        session.get("v1.0/else")
    assert [] == leaks(raised.value, SECRETS)
