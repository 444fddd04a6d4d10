"""The way to a server, by a proxy or not and with which certificates, and what is wrong with it.

A sentence names the proxy or the file, and the variable that it comes from; never the user name and the
password that may stand in a proxy's URL.
"""

from __future__ import annotations

import os
import re
from http.client import HTTPException
from socket import gaierror
from ssl import SSLCertVerificationError, SSLError
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from requests import exceptions as requests_errors
from requests.utils import get_environ_proxies, select_proxy
from urllib3 import exceptions as errors
from urllib3.util import parse_url

from etna_magic.support.origins import Origin
from etna_magic.support.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The variables that name a file of certificates, the first that is set wins.
CERTIFICATE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# What the TLS library reports of a certificate: OpenSSL's X509_V_ERR_….
_NOT_YET, _EXPIRED, _OTHER_NAMES = 9, 10, (62, 64)
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")


class Route(NamedTuple):
    """How a request is sent."""

    url: str
    #: As a call of ``requests`` takes them; None for those of the environment.
    proxies: Mapping[str, str] | None = None
    #: As a call of ``requests`` takes it; None for what the environment says.
    verify: bool | str | None = None
    #: Whose certificates are trusted where no file is named: ``certifi`` or ``system``.
    trust: str = "certifi"
    #: What a proxy is called that no variable names.
    option: str = "proxies="

    def concerns(self, error: BaseException) -> bool:
        """Say whether an exception may be of a network."""
        return isinstance(error, (errors.HTTPError, HTTPException, OSError, UnicodeError))

    def problem(self, found: Sequence[BaseException]) -> str:
        """Return what is wrong with proxy or certificates, and what to do about it; nothing if neither is.

        Parameters
        ----------
        found : sequence of BaseException
            What was raised, with its causes.
        """
        proxy = self.proxy()
        return (proxy.problem(found) if proxy else "") or self._certificate_problem(found)

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

    def _certificate_problem(self, found: Sequence[BaseException]) -> str:
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

    def problem(self, found: Sequence[BaseException]) -> str:
        """Return what is wrong with it and what to do about it; nothing if nothing is."""
        if any(isinstance(cause, errors.ProxyError) for cause in found):
            return self._connection_problem(found)
        # A connection that was refused is a kind of time-out there.
        if any(type(cause) is errors.ConnectTimeoutError for cause in found):
            return f"{self} did not answer in time, so correct or unset {self.source}"
        return self._url_problem(found)

    def _url_problem(self, found: Sequence[BaseException]) -> str:
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

    def _connection_problem(self, found: Sequence[BaseException]) -> str:
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
