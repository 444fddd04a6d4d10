"""What follows calls: OpenTelemetry, sentry, logging, and ``http.client`` with its ``debuglevel``."""

import http.client
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import sentry_sdk
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.envelope import Envelope
from sentry_sdk.integrations.stdlib import StdlibIntegration
from sentry_sdk.transport import Transport

from etna_magic import EtnaSession
from etna_magic.login_flow import log_out_on_server
from tests.helpers import accounts
from tests.helpers.accounts import APP_KEY, SUCCESS, TOKEN
from tests.helpers.logins import log_in, session_of
from tests.helpers.server import ScriptedServer, answer
from tests.libraries.failures import FAILURES, fail
from tests.libraries.seen import secrets_in

STORY = [answer(200, SUCCESS), answer(200, b"{}"), answer(201), answer(401), answer(200), answer(204)]


def story(server: ScriptedServer) -> None:
    """Log in, read, send an order, have a 401 asked about, and log out."""
    server.play(*STORY)
    token = log_in(accounts.credentials(server.base_url))
    with session_of(token) as session:
        session.get("v1.0/quotes")
        session.post("v1.0/orders", json={"Symbol": "AAPL"})
        session.get("v1.0/refused")
    assert "" == log_out_on_server(token, 5.0)
    assert len(STORY) == len(server.received)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Trace requests, each of their headers included."""
    for side in ("REQUEST", "RESPONSE"):
        monkeypatch.setenv(f"OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_{side}", ".*")
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    RequestsInstrumentor().instrument(tracer_provider=provider)
    yield exporter
    RequestsInstrumentor().uninstrument()
    provider.shutdown()


def test_spans(server: ScriptedServer, spans: InMemorySpanExporter) -> None:
    """OpenTelemetry has one span for each login, call and logout; the probe is a part of its call's."""
    story(server)
    urls = [str((span.attributes or {})["http.url"]) for span in spans.get_finished_spans()]
    assert ["token", "quotes", "orders", "refused", "logout"] == [url.rsplit("/", 1)[-1] for url in urls]


def test_trace_is_sent_on(server: ScriptedServer, session: EtnaSession, spans: InMemorySpanExporter) -> None:
    """The server gets the trace's header with a call, beside the headers that sign it."""
    session.post("v1.0/orders")
    (received,) = server.received
    assert ([f"Bearer {TOKEN}"], [APP_KEY], 1) == (
        received.values("Authorization"),
        received.values("Et-App-Key"),
        len(received.values("traceparent")),
    )


def test_captured_headers(server: ScriptedServer, session: EtnaSession, spans: InMemorySpanExporter) -> None:
    """The headers of a session's calls that are recorded name the account and hold no secret."""
    session.get("v1.0/quotes")
    text = "".join(span.to_json() for span in spans.get_finished_spans())
    assert (True, []) == ("quotes" in text, secrets_in(text))


@pytest.mark.parametrize("failure", ["order_unanswered", "read_half_answered", "read_refused"])
def test_span_of_a_failure(server: ScriptedServer, spans: InMemorySpanExporter, failure: str) -> None:
    """The span of a call that failed records the error, and no secret."""
    fail(server, failure)
    text = "".join(span.to_json() for span in spans.get_finished_spans())
    assert ("Error" in text, []) == (True, secrets_in(text))


class KeptEvents(Transport):
    """Keeps what would be sent to sentry."""

    def __init__(self) -> None:
        super().__init__()
        self.envelopes: list[Envelope] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        """Keep one envelope."""
        self.envelopes.append(envelope)

    @property
    def text(self) -> str:
        """All of it, as it would go out."""
        return "".join(item.get_bytes().decode() for one in self.envelopes for item in one.items)

    def events(self) -> list[dict[str, Any]]:
        """Return the errors among it."""
        items = [item for one in self.envelopes for item in one.items if item.type == "event"]
        return [json.loads(item.get_bytes()) for item in items]


@pytest.fixture
def sentry() -> Iterator[KeptEvents]:
    """Run sentry with all that it can send: locals, personal data and traces."""
    kept = KeptEvents()
    with sentry_sdk.isolation_scope():
        client = sentry_sdk.Client(
            dsn="http://key@127.0.0.1:9/1",
            transport=kept,
            data_collection={},  # all that sentry collects, and no scrubber that would hide what we leak
            max_value_length=100_000,
            add_full_stack=True,
            traces_sample_rate=1.0,
            default_integrations=False,
            integrations=[StdlibIntegration()],
        )
        scope = sentry_sdk.get_isolation_scope()
        scope.set_client(client)
        with sentry_sdk.new_scope():
            sentry_sdk.get_current_scope().set_client(client)
            yield kept
            client.close(0)


@pytest.mark.parametrize("failure", FAILURES)
def test_sentry_errors(server: ScriptedServer, sentry: KeptEvents, failure: str) -> None:
    """An event of sentry names the error, shows locals, and holds no secret."""
    error = fail(server, failure)
    sentry_sdk.capture_exception(error)
    (event,) = sentry.events()
    assert type(error).__name__ == event["exception"]["values"][-1]["type"]
    assert [] == secrets_in(sentry.text)


def test_sentry_traces(server: ScriptedServer, sentry: KeptEvents) -> None:
    """Sentry's traces and breadcrumbs of a whole story hold no secret, and its headers reach the server."""
    with sentry_sdk.start_transaction(name="story", op="test"):
        story(server)
    assert ("/v1.0/quotes" in sentry.text, []) == (True, secrets_in(sentry.text))
    read = next(one for one in server.received if one.target.endswith("quotes"))
    assert ([f"Bearer {TOKEN}"], 1) == (read.values("Authorization"), len(read.values("sentry-trace")))


@pytest.fixture
def debuglevel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have ``http.client`` print what it sends and gets."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)


def test_debuglevel(server: ScriptedServer, debuglevel: None, capfd: pytest.CaptureFixture[str]) -> None:
    """With http.client's debuglevel set, login, calls, probe and logout print nothing at all."""
    story(server)
    assert ("", "") == capfd.readouterr()


def test_debuglevel_with_tls(
    tls_server: ScriptedServer, debuglevel: None, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nor do they with TLS, whose connections are of another class."""
    story(tls_server)
    assert ("", "") == capfd.readouterr()


def test_debuglevel_of_others(
    server: ScriptedServer, session: EtnaSession, debuglevel: None, capfd: pytest.CaptureFixture[str]
) -> None:
    """The user's own calls go on printing what they send."""
    session.get("v1.0/quotes")
    requests.get(f"{server.base_url}/own", timeout=5)
    text = capfd.readouterr().out
    assert ("/own" in text, "/quotes" in text) == (True, False)


@pytest.mark.parametrize("failure", ["login_wrong_password", "read_half_answered", "worker_refused"])
def test_debuglevel_of_failures(
    server: ScriptedServer, debuglevel: None, capfd: pytest.CaptureFixture[str], failure: str
) -> None:
    """With it, what fails prints nothing either."""
    fail(server, failure)
    assert ("", "") == capfd.readouterr()


def test_debuglevel_set_later(
    server: ScriptedServer,
    session: EtnaSession,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A session that has sent before prints nothing either."""
    session.get("v1.0/before")
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    session.get("v1.0/after")
    assert (("", ""), 2) == (capfd.readouterr(), len(server.received))


def test_log_messages(server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    """The log of urllib3 and of all others, at DEBUG, names the calls and holds no secret."""
    caplog.set_level(logging.DEBUG)
    story(server)
    text = "".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert ("/v1.0/quotes" in text, []) == (True, secrets_in(text))


def test_hook_that_logs(server: ScriptedServer, session: EtnaSession) -> None:
    """A user's hook that logs requests and answers, as many do, sees no secret."""
    lines: list[str] = []

    def log(response: Any, *_: Any, **options: Any) -> None:
        request = response.request
        lines.append(f"{request.method} {request.url} {request.headers} {vars(request)} {options}")

    session.hooks["response"].append(log)
    server.play(answer(302, b"", ("Location", "/api/v1.0/moved")), answer(200, b"{}"))
    session.get("v1.0/quotes")
    assert (2, []) == (len(lines), secrets_in("".join(lines)))
