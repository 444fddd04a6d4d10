"""Calls something that handles secrets, so that whatever goes wrong holds none of them.

The exceptions of ``requests`` hold the request with all its headers, those of ``http.client`` and of text
encoding hold the very header, and a traceback holds every frame that had them in a local. So a failure is
noted by its kind alone, the ``except`` is left, and only then does somebody raise.

Of the way to a server, by a proxy or not and with which certificates, it is said what is wrong with it. A
sentence names the proxy or the file, and the variable that it comes from; never the user name and the
password that may stand in a proxy's URL.
"""

from __future__ import annotations

import errno
import os
import re
from http.client import HTTPException
from socket import gaierror
from ssl import SSLCertVerificationError, SSLEOFError, SSLError, SSLZeroReturnError
from types import MemberDescriptorType, NoneType
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from urllib.parse import quote

from requests import exceptions as requests_errors
from requests.utils import get_environ_proxies, select_proxy
from urllib3 import exceptions as errors
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, ProtocolError
from urllib3.util import parse_url

from etna_magic.exceptions import EtnaError
from etna_magic.support.foreign import Origin, sanitize

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from etna_magic.secret import Secret

    #: Returns what is wrong with proxy or certificates, if anything is, by what was raised and its causes.
    Problem = Callable[[Sequence[BaseException]], str]

_T = TypeVar("_T")
_Error = TypeVar("_Error", bound=BaseException)
#: The variables that name a file of certificates, the first that is set wins.
CERTIFICATE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# What the TLS library reports of a certificate: OpenSSL's X509_V_ERR_….
_NOT_YET, _EXPIRED, _OTHER_NAMES = 9, 10, (62, 64)
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")


class Failure(NamedTuple):
    """Why no answer came."""

    #: The class of what was caught; the exception itself is gone.
    kind: type[BaseException]
    #: The same for a person, to stand after "could not be reached: ".
    reason: str
    #: The error itself where it is one of ours: those hold no secret.
    error: EtnaError | None = None
    #: The exception itself, without frames and causes, where it has nothing to do with a network: an
    #: interrupt, or what a user's own code has raised, a handler of signals, say.
    foreign: BaseException | None = None
    #: Whether the request may have reached the server: false where no connection was made.
    is_sent: bool = True
    #: Whether the reason says what to do about it.
    has_advice: bool = False

    def raise_foreign(self) -> None:
        """Raise what has nothing to do with a network, if that is what it was: an exit keeps its code."""
        if self.foreign is not None:
            raise self.foreign


def safe_call(
    act: Callable[[], _T], secrets: Iterable[Secret] | None = None, problem: Problem | None = None
) -> _T | Failure:
    """Do something that handles secrets; return its result, or why it failed, and never raise.

    Proxies and certificates that are at fault are named by `problem`.
    """
    try:
        return act()
    except BaseException as caught:  # noqa: BLE001 - see above; the caller raises again
        return _failure(caught, secrets, problem)


async def safe_await(
    act: Callable[[], Awaitable[_T]], secrets: Iterable[Secret] | None = None, problem: Problem | None = None
) -> _T | Failure:
    """Do the same with something that is awaited; a task that is cancelled is a failure as well."""
    try:
        return await act()
    except BaseException as caught:  # noqa: BLE001 - as above
        return _failure(caught, secrets, problem)


def _failure(caught: BaseException, secrets: Iterable[Secret] | None, problem: Problem | None) -> Failure:
    """Return what is known of an exception; nothing else keeps it."""
    if isinstance(caught, EtnaError):
        return Failure(type(caught), str(caught), _bare(caught))
    was = caught
    if type(was) is RuntimeError and isinstance(was.__context__, KeyboardInterrupt):
        was = was.__context__  # Ctrl-C in the middle of threading's own locks comes out as their complaint
    if isinstance(was, AttributeError):
        was.obj = None  # what has no such attribute may be the request; the text says enough
    # Behind retries requests reports a time-out as a broken connection.
    is_late = any(isinstance(cause, errors.ReadTimeoutError) for cause in causes(was))
    kind, advice = requests_errors.ReadTimeout if is_late else type(was), ""
    if problem is not None:
        try:
            advice = problem(causes(was))
        except Exception:  # noqa: BLE001 - what is odd about a proxy is no fault of the call
            advice = ""  # the general reason is given
    reason, is_sent = (advice, False) if advice else (_reason(was), _is_sent(was))
    is_kept = not isinstance(was, Exception) or _is_harmless(was, secrets)
    return Failure(kind, reason, None, _bare(was) if is_kept else None, is_sent, bool(advice))


def _is_harmless(error: Exception, secrets: Iterable[Secret] | None) -> bool:
    """Whether an exception is of a user's own code, and shows no secret."""
    if secrets is None or isinstance(error, NETWORK_ERRORS):
        return False
    held = [*error.args, *_attributes(error)]
    # Anything else may hold the request, however deep, and its repr need not show it.
    if not all(isinstance(one, (str, bytes, int, float, NoneType)) for one in held):
        return False
    try:
        text = f"{error!s} {held!r}"
    except Exception:  # noqa: BLE001 - what cannot be looked at is not let through
        return False
    return not any(secret.get_secret_value() in text for secret in secrets if secret)


def _attributes(error: Exception) -> list[object]:
    """Return what an exception holds besides its arguments: in its dict, in slots of its class, as notes."""
    slots = [
        name
        for kind in type(error).__mro__
        for name, member in vars(kind).items()
        if isinstance(member, MemberDescriptorType)
    ]
    held = {name: getattr(error, name, None) for name in slots} | vars(error)
    held.pop("__notes__", None)
    return [*held.values(), *getattr(error, "__notes__", ())]


#: What may hold a header: the last where one cannot be encoded. An exception of requests is an OSError.
NETWORK_ERRORS = (errors.HTTPError, HTTPException, OSError, UnicodeError)


def _bare(error: _Error) -> _Error:
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return error


def _is_sent(error: BaseException) -> bool:
    """Whether a connection had been made, over which something may have been sent."""
    # A plain OSError is a certificate file that is not there; the ValueErrors of requests are URLs and
    # headers that it does not accept; a header is encoded before anything is sent.
    if (
        type(error) is OSError
        or isinstance(error, UnicodeEncodeError)
        or (isinstance(error, requests_errors.RequestException) and isinstance(error, ValueError))
    ):
        return False
    return not any(isinstance(cause, _NEVER_SENT) for cause in causes(error))


_NEVER_SENT = (
    NewConnectionError, ConnectTimeoutError, NameResolutionError, errors.ProxyError,
    requests_errors.ConnectTimeout, requests_errors.ProxyError, SSLCertVerificationError, gaierror,
)  # fmt: skip


def _reason(error: BaseException) -> str:
    # urllib3 has a connection that was refused for a kind of time-out.
    found = [cause for cause in causes(error) if type(cause) is not NewConnectionError]
    for kinds, reason in _REASONS:
        if any(isinstance(cause, kinds) for cause in found):
            return reason
    for cause in found:
        if isinstance(cause, OSError) and cause.errno is not None:
            return errno.errorcode.get(cause.errno, f"error {cause.errno}")
    # What requests raises, before it connects, for a file that is named and not there.
    return "a certificate file that is set cannot be read" if type(error) is OSError else type(error).__name__


# The first that fits is used, so the particular comes before the general.
_REASONS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (KeyboardInterrupt, "it was interrupted"),
    (
        SSLCertVerificationError,
        "its TLS certificate is not valid here (expired, for another name, or of an unknown issuer)",
    ),
    (requests_errors.ProxyError, "the proxy of this environment does not let it through"),
    ((gaierror, NameResolutionError), "its name is not known"),
    (ConnectionRefusedError, "nothing listens there"),
    ((requests_errors.ConnectTimeout, ConnectTimeoutError), "it did not answer in time"),
    ((requests_errors.Timeout, TimeoutError), "it took too long to answer"),
    (
        (ConnectionResetError, BrokenPipeError, ProtocolError, SSLEOFError, SSLZeroReturnError),
        "the connection broke off",
    ),
    (
        (requests_errors.ContentDecodingError, errors.DecodeError),
        "its answer cannot be unpacked",
    ),
    ((requests_errors.SSLError, errors.SSLError), "it does not speak TLS as it should"),
)


def causes(error: BaseException) -> list[BaseException]:
    """Return an exception and all that it was made from, the last first."""
    # urllib3 and requests hand a cause on as an argument, as .reason or as the context.
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and not any(cause is seen for seen in found):
            found.append(cause)
            waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    return found


class Route(NamedTuple):
    """How a request is sent by requests."""

    url: str
    #: As a call of ``requests`` takes them; None for those of the environment.
    proxies: Mapping[str, str] | None = None
    #: As a call of ``requests`` takes it; None for what the environment says.
    verify: bool | str | None = None
    #: Whose certificates are trusted where no file is named: ``certifi`` or ``system``.
    trust: str = "certifi"
    #: What a proxy is called that no variable names.
    option: str = "proxies="

    def problem(self, found: Sequence[BaseException]) -> str:
        """Return what is wrong with proxy or certificates, where what was raised may be of a network."""
        return self.fault(found) if isinstance(found[0], NETWORK_ERRORS) else ""

    def fault(self, found: Sequence[BaseException]) -> str:
        """Return the same of exceptions that are known to be of one."""
        proxy = self.proxy()
        return (proxy.fault(found) if proxy else "") or self._certificate_fault(found)

    def proxy(self) -> Proxy | None:
        """Return the proxy that is asked, if one is."""
        origin = Origin.of(self.url)
        environment = {} if origin.is_loopback else get_environ_proxies(self.url)
        url = select_proxy(self.url, environment if self.proxies is None else dict(self.proxies))
        if not url:
            return None
        names = (f"{origin.scheme}_proxy", "all_proxy")
        variables = [one for name in names for one in (name, name.upper()) if os.environ.get(one) == url]
        system = "the system's settings" if url in environment.values() else self.option
        first = (variables or [system])[0]
        # Many systems set both spellings, and people know the one in capitals.
        return Proxy(url, first.upper() if first.upper() in variables else first)

    def _certificate_fault(self, found: Sequence[BaseException]) -> str:
        path, source = self._certificates()
        for cause in found:
            if isinstance(cause, SSLCertVerificationError):
                return self._refused(cause, path, source)
            if path and (fault := _fault_of_file(path, cause)):
                return (
                    f"the certificate file {sanitize(path)} ({source}) {fault}, so correct or unset {source}"
                )
        return ""

    def _certificates(self) -> tuple[str, str]:
        """Return the file of certificates, and what names it."""
        named = {name: os.environ.get(name, "") for name in CERTIFICATE_VARIABLES}
        path = self.verify if isinstance(self.verify, str) else ""
        if self.verify is None and self.trust != "system":
            path = next(filter(None, named.values()), "")
        source = next((name for name, value in named.items() if value == path), "verify=")
        return path, source

    def _refused(self, error: SSLCertVerificationError, path: str, source: str) -> str:
        code = getattr(error, "verify_code", 0)
        if code in {_EXPIRED, _NOT_YET}:
            return "its TLS certificate has expired or is not valid yet, or this machine's clock is wrong"
        if code in _OTHER_NAMES:
            return "its TLS certificate is for another name, so check the base URL"
        issuer = "the issuer of its TLS certificate"
        if path:
            return f"{issuer} is not in {sanitize(path)} ({source}), so add that issuer's certificate there"
        if self.trust == "system":
            return f"{issuer} is not trusted by this system, so ask who looks after it"
        return "its TLS certificate is of an unknown issuer, so set REQUESTS_CA_BUNDLE or trust = 'system'"


def _fault_of_file(path: str, cause: BaseException) -> str:
    """Return what is wrong with a file of certificates, if that is what a cause is about."""
    if isinstance(cause, SSLError):
        return "holds no certificate" if cause.library in {"X509", "PEM", "ASN1"} else ""
    if isinstance(cause, PermissionError):
        return "may not be read"
    # What requests or httpx raises, before it connects, for a file that is not there.
    is_missing = type(cause) in {OSError, FileNotFoundError} and not os.path.exists(path)  # noqa: PTH110 - this never raises
    return "does not exist" if is_missing else ""


class Proxy(NamedTuple):
    """A proxy, and what names it."""

    url: str
    source: str

    @property
    def scheme(self) -> str:
        """How it is spoken to."""
        return self.url.partition("://")[0].lower() if "://" in self.url else "http"

    def __str__(self) -> str:
        rest = self.url.partition("://")[2] or self.url
        host = re.split(r"[/?#]", rest.rpartition("@")[2])[0]
        # What has no number as its port may be a user name and a password, and is not shown.
        if re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(:\d{1,5})?", host) is None:
            return f"the proxy in {self.source}"
        return f"the proxy {sanitize(f'{self.scheme}://{host}')} ({self.source})"

    def fault(self, found: Sequence[BaseException]) -> str:
        """Return what is wrong with it and what to do about it; nothing if nothing is."""
        if any(isinstance(cause, errors.ProxyError) for cause in found):
            return self._connection_fault(found)
        # A connection that was refused is a kind of time-out there.
        if any(type(cause) is errors.ConnectTimeoutError for cause in found):
            return f"{self} did not answer in time, so correct or unset {self.source}"
        return self._url_fault(found)

    def _url_fault(self, found: Sequence[BaseException]) -> str:
        kinds = {type(cause) for cause in found}
        if requests_errors.InvalidSchema in kinds and self.scheme.startswith("socks"):
            return f"{self} is a SOCKS proxy, which needs PySocks, so run pip install pysocks"
        if errors.ProxySchemeUnknown in kinds:
            return f"{self} has a scheme that is not known, so write http://HOST:PORT"
        if requests_errors.InvalidProxyURL in kinds or not self._is_readable():
            user_part = self.url.partition("://")[2].rpartition("@")[0]
            odd = next((character for character in "#/?@[]%" if character in user_part), "")
            advice = f"{odd} in its password as {quote(odd, safe='')}" if odd else "it as http://HOST:PORT"
            return f"the proxy URL in {self.source} cannot be read, so write {advice}"
        return ""

    def _is_readable(self) -> bool:
        try:
            return bool(parse_url(self.url).host)
        except errors.LocationParseError:
            return False

    def _connection_fault(self, found: Sequence[BaseException]) -> str:
        if status := next((match[1] for cause in found if (match := _TUNNEL.search(str(cause)))), ""):
            return self._refusal(status)
        if any(isinstance(cause, SSLCertVerificationError) for cause in found):
            return f"the TLS certificate of {self} is not valid here, so ask who runs it"
        if any(isinstance(cause, (SSLError, errors.SSLError)) for cause in found):
            return f"{self} speaks no TLS, so write its URL with http://"
        reasons = {gaierror: "its name is not known", ConnectionRefusedError: "nothing listens there"}
        known = [why for kind, why in reasons.items() for cause in found if isinstance(cause, kind)]
        why = known[0] if known else "the connection broke off"
        return f"{self} cannot be reached ({why}), so correct or unset {self.source}"

    def _refusal(self, status: str) -> str:
        if status != "407":
            return f"{self} does not connect there (status {status}), so ask who runs it"
        if "@" in self.url:
            return f"{self} refused the user name and password in its URL (407), so correct them"
        return f"{self} asks for a password (407), so give it as http://USER:PASSWORD@HOST:PORT"
