"""HTTP as every part of the package needs it: sessions and adapters without surprises, bounded in time.

An ordinary :class:`requests.Session` is used throughout, so that mocks, recorders and tracers see
these requests as they see anybody's. What is changed is done by documented extension points.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import os
import queue
import threading
import time
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import partial
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from etna_magic.exceptions import EtnaError
from etna_magic.support.foreign import Origin
from etna_magic.support.safe_call import Failure, safe_call

if TYPE_CHECKING:
    from collections.abc import Iterable

    from requests import PreparedRequest
    from urllib3 import ProxyManager, Retry
    from urllib3.connection import HTTPConnection
    from urllib3.connectionpool import HTTPConnectionPool

    from etna_magic.secret import Secret
    from etna_magic.support.safe_call import Problem

_T = TypeVar("_T")
#: Whose certificates are trusted: those of the package ``certifi``, as in ``requests``, or the system's.
CERTIFI, SYSTEM = "certifi", "system"

#: Nobody waits longer for a login; a header that asks for more says nothing useful.
LONGEST_RETRY_AFTER = 86_400.0
_ENVIRONMENT = (
    "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy",
    "NO_PROXY", "no_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
)  # fmt: skip


def plain_session_class() -> type[requests.Session]:
    """Return the ``Session`` of ``requests`` itself.

    ``requests_cache.install_cache()`` puts a class of its own in the place of ``requests.Session``;
    an order or the check of a token must never be answered from a cache that nobody asked for.
    """
    name = ("requests.sessions", "Session")
    return next(kind for kind in requests.Session.__mro__ if (kind.__module__, kind.__name__) == name)


if TYPE_CHECKING:
    PlainSession = requests.Session
else:
    PlainSession = plain_session_class()


class _OneAnswerSession(PlainSession):
    """A session to which a redirect is an answer like any other.

    Without it ``requests`` reads where a redirect leads, and all of its body, even where it follows none.
    """

    #: Whose certificates are trusted.
    trust = CERTIFI

    def merge_environment_settings(self, *args: Any, **kwargs: Any) -> Any:
        """Add what the environment says, but no file of certificates where the system's are trusted."""
        settings = super().merge_environment_settings(*args, **kwargs)
        return {**settings, "verify": True} if self.trust == SYSTEM else settings

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - as in requests
        """Say that there is none."""
        return None


# Two, and not all: a recorder such as vcrpy makes a class for each cassette, which keeps its tape alive.
@functools.lru_cache(maxsize=2)
def _quiet(base: type[HTTPConnection]) -> type[HTTPConnection]:
    class QuietConnection(base):  # type: ignore[misc, valid-type] # the base is whatever class is in use
        """A connection that prints no headers when ``http.client.HTTPConnection.debuglevel`` is set."""

        debuglevel = 0

    return QuietConnection


class QuietAdapter(HTTPAdapter):
    """The adapter of ``requests``, whose connections never print what they send.

    `trust` is whose certificates are trusted where no file is named: `CERTIFI` or `SYSTEM`.
    """

    __attrs__: ClassVar[list[str]] = [*HTTPAdapter.__attrs__, "trust"]  # type: ignore[misc] # of the class

    def __init__(self, pool_maxsize: int = 1, max_retries: int | Retry = 0, trust: str = CERTIFI) -> None:
        super().__init__(pool_maxsize=pool_maxsize, max_retries=max_retries)
        self.trust = trust
        self._contexts: dict[Any, SSLContext] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[misc] # the stubs lack it
        self._contexts = {}

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """Return what a pool is for; parameters as in ``requests``, whose place for a TLS context this is."""
        host, options = super().build_connection_pool_key_attributes(request, verify, cert)
        if self._uses_system(verify):
            options["ssl_context"] = self._context(cert)
        return host, options

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Name the certificates of a connection; parameters as in ``requests``."""
        super().cert_verify(conn, url, verify, cert)
        if self._uses_system(verify):
            # Whatever is named here is trusted besides.
            conn.ca_certs = conn.ca_cert_dir = None

    def proxy_manager_for(self, proxy: str, **options: Any) -> ProxyManager:
        """Return what connects by a proxy; parameters as in ``requests``."""
        if self.trust == SYSTEM and proxy.lower().startswith("https:"):
            options["proxy_ssl_context"] = self._context(None)
        return cast("ProxyManager", super().proxy_manager_for(proxy, **options))

    def _uses_system(self, verify: Any) -> bool:
        return self.trust == SYSTEM and verify is True

    def _context(self, cert: Any) -> SSLContext:
        # One for each certificate of a user's own, which is loaded into it.
        key = tuple(cert) if isinstance(cert, list) else cert
        return self._contexts.get(key) or self._contexts.setdefault(key, system_context())

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        """Return the pool for a request; parameters as in ``requests``."""
        pool = cast("HTTPConnectionPool", super().get_connection_with_tls_context(*args, **kwargs))
        # From the pool's class each time: a recorder such as vcrpy replaces it there for a while, and asks
        # isinstance() of what it finds.
        pool.ConnectionCls = _quiet(type(pool).ConnectionCls)
        return pool


def system_context() -> SSLContext:
    """Return a TLS context that verifies as the operating system does; nothing else here is changed."""
    try:
        import truststore  # noqa: PLC0415 - an extra, for those who ask for it
    except ImportError:
        raise EtnaError(
            "trust = 'system' needs its extra: run pip install 'etna-magic[system-trust]' (%pip in a "
            "notebook), then start again."
        ) from None
    return truststore.SSLContext(PROTOCOL_TLS_CLIENT)


class ProxyEnvironment:
    """What the environment says of proxies and certificates, looked up again when a variable has changed.

    ``requests`` looks it up at each call, which is a third of a call on loopback.
    """

    def __init__(self) -> None:
        self._variables: tuple[str | None, ...] = ()
        self._proxies: dict[str, dict[str, str]] = {}

    def settings(self, url: str, no_proxy: str | None = None) -> tuple[dict[str, str], str | None]:
        """Return the proxies for a URL, none on the way to loopback, and the file of certificates."""
        variables = tuple(map(os.environ.get, _ENVIRONMENT))
        certificates = variables[-2] or variables[-1]
        if no_proxy is not None:
            return dict(get_environ_proxies(url, no_proxy=no_proxy)), certificates
        if variables != self._variables:
            self._variables, self._proxies = variables, {}
        key = "/".join(url.split("/", 3)[:3])
        if key not in self._proxies:
            origin = Origin.of(url)
            # requests keeps it in mind for the hops of a redirect, too.
            found = {"no_proxy": origin.host} if origin.is_loopback else get_environ_proxies(url)
            self._proxies[key] = dict(found)
        return dict(self._proxies[key]), certificates


def _no_auth(request: PreparedRequest) -> PreparedRequest:
    """Add nothing: any auth at all keeps ``requests`` from asking ``.netrc`` for somebody else's password."""
    return request


def post_once(  # noqa: PLR0913 - all but two are named
    url: str,
    headers: dict[str, str],
    *,
    timeout: float,
    auth: Callable[[PreparedRequest], PreparedRequest] = _no_auth,
    longest: int,
    trust: str = CERTIFI,
) -> tuple[requests.Response, bytes | None]:
    """Send a POST without a body, once; follow no redirect, ask no ``.netrc``, keep no cookie.

    Its exceptions are those of ``requests``, with all headers in them: it is for `safe_call` only.
    """
    origin = Origin.of(url)
    with _OneAnswerSession() as session:
        session.trust = trust
        session.mount(f"{origin.scheme}://", QuietAdapter(trust=trust))
        # http is loopback only, where a proxy would read a password and find nobody. Behind a company's
        # proxy https needs the environment's proxy and certificates.
        session.trust_env = origin.scheme == "https"
        proxies = {"no_proxy": origin.host} if origin.is_loopback else {}
        with session.post(
            url,
            headers=headers,
            auth=auth,
            proxies=proxies,
            timeout=timeout,
            allow_redirects=False,
            stream=True,
        ) as response:
            body = b""
            for chunk in response.iter_content(8192):
                body += chunk
                if len(body) > longest:
                    return response, None
            return response, body


# The queues of threads that wait for something to do: a new thread would cost a third of a login.
_Jobs = queue.SimpleQueue[tuple[Callable[[], Any], Callable[[Any], None]]]
_idle: list[_Jobs] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # the threads are in the parent
# Seconds after which an interrupt is noticed at the latest.
_LONGEST_WAIT = 0.5


def call_in_time(
    act: Callable[[], _T], seconds: float, secrets: Iterable[Secret], problem: Problem | None = None
) -> _T | Failure:
    """Call something on another thread, and abandon it when it is late.

    The time-outs of ``requests`` start again with each byte and do not count the look-up of a name, so that a
    server that drips, or a resolver that is silent, could hold a login for ever. Ctrl-C abandons it too.
    """
    results = _begun(act, secrets, problem)
    try:
        return _result(results, time.monotonic() + seconds)
    except queue.Empty:
        return _late()


def calls_in_time(
    calls: Iterable[tuple[Callable[[], _T], Iterable[Secret]]],
    seconds: float,
    meanwhile: Callable[[], None] = lambda: None,
    patience: float = 1.0,
) -> list[_T | Failure]:
    """Call several things at once, as :func:`call_in_time` does; each comes with its secrets.

    `meanwhile` is called once if not all of them have ended after the seconds of `patience`.
    """
    begin = time.monotonic()
    begun = [_begun(act, secrets) for act, secrets in calls]
    ended: dict[int, _T | Failure] = {}
    for end, then in ((begin + min(patience, seconds), meanwhile), (begin + seconds, None)):
        for number, results in enumerate(begun):
            if number not in ended:
                with contextlib.suppress(queue.Empty):
                    ended[number] = _result(results, end)
        if len(ended) < len(begun) and then is not None:
            then()
    return [ended[number] if number in ended else _late() for number in range(len(begun))]


def _late() -> Failure:
    return Failure(requests.exceptions.ReadTimeout, "it took too long to answer")


def _begun(
    act: Callable[[], _T], secrets: Iterable[Secret], problem: Problem | None = None
) -> queue.SimpleQueue[_T | Failure]:
    """Begin a call on another thread; return where its result will be."""
    results: queue.SimpleQueue[_T | Failure] = queue.SimpleQueue()
    try:
        jobs = _idle.pop()
    except IndexError:
        jobs = queue.SimpleQueue()
        # A daemon: one that is abandoned must not hold up the end of the process.
        threading.Thread(target=_work, args=(jobs,), name="etna_magic-request", daemon=True).start()
    # With the context of the caller, so that a tracer finds the span that the request belongs to.
    jobs.put((partial(contextvars.copy_context().run, safe_call, act, secrets, problem), results.put))
    return results


def _result(results: queue.SimpleQueue[_T], end: float) -> _T:
    """Wait for a result until some moment of the forward clock; `queue.Empty` if there is none by then."""
    while (left := end - time.monotonic()) > 0:
        # No suppress(): its end is a call, at which an interrupt would be raised in the middle of the other.
        try:
            # Not all at once: what interrupts a longer wait elsewhere does not do so on Windows.
            return results.get(timeout=min(left, _LONGEST_WAIT))
        except queue.Empty:
            continue
    return results.get_nowait()


def _work(jobs: _Jobs) -> None:
    while True:
        act, give_back = jobs.get()
        outcome = act()
        _idle.append(jobs)  # before somebody who was waiting calls again
        give_back(outcome)
        del act, give_back, outcome  # they hold secrets, and this thread may be idle for long


def retry_after_seconds(header: str, longest: float = LONGEST_RETRY_AFTER) -> float | None:
    """Return the seconds to wait that a ``Retry-After`` header says, as a number or as a date."""
    text = header.strip()
    if text.isascii() and text.replace(".", "", 1).isdecimal():
        # Cut, since Python refuses to read a number of thousands of digits.
        seconds = float(text[:12])
    else:
        try:
            moment = parsedate_to_datetime(text)
            # A date without a zone is in GMT, by RFC 9110.
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            seconds = max(0.0, aware.timestamp() - time.time())
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return seconds if seconds <= longest else None
