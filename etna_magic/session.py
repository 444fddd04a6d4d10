"""The session that signs every other call: one origin, both headers, no secret in what goes wrong."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any, NoReturn

import requests

from etna_magic.exceptions import ConnectionFailedError, EtnaError, NotLoggedInError, TokenExpiredError
from etna_magic.origin import Origin
from etna_magic.timetext import format_moment
from etna_magic.token import OURS, Token
from etna_magic.transport import Failure, attempt

TIMEOUT = 30.0
_READS = ("GET", "HEAD", "OPTIONS")


class EtnaSession(requests.Session):
    """A ``requests.Session`` that is bound to a base URL and to one log-in.

    Paths are relative to the base URL, and everything that ``requests`` takes is taken. The
    token and the app key travel to the token's own origin and to no other.

    Parameters
    ----------
    name : str
        The log-in's name, as in ``%etna_login NAME``.
    timeout : float, optional
        Seconds that a call waits where it does not say so itself, by default 30.

    Examples
    --------
    >>> etna_session.get("v1.0/users/@me/info").json()["Login"]  # doctest: +SKIP
    'alice'
    """

    def __init__(self, name: str, timeout: float = TIMEOUT) -> None:
        super().__init__()
        self.name = name
        self.timeout = timeout
        self._token: Token | None = None
        self._absence = "is not logged in"
        # Any auth at all keeps requests from asking .netrc for one.
        self.auth = self._sign

    @property
    def mend(self) -> str:
        """The line that logs in again."""
        return mend(self.name)

    @property
    def token(self) -> Token:
        """The token that calls are signed with.

        Raises
        ------
        NotLoggedInError
            If there is none: the log-in is unfinished or was ended.
        """
        if self._token is None:
            raise NotLoggedInError(f"{self.name} {self._absence}.")
        return self._token

    def bind(self, token: Token) -> None:
        """Sign with this token from now on."""
        self._token = token

    def unbind(self, absence: str) -> None:
        """Sign nothing from now on; `absence` says why, to stand after the log-in's name."""
        self._token, self._absence = None, absence

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request, by a path below the base URL or by an absolute URL.

        Parameters
        ----------
        method, url, *args, **kwargs
            As for ``requests.Session.request``; ``timeout`` in seconds.

        Returns
        -------
        requests.Response
            The answer, whatever its status. The headers of ours are masked in its ``.request``.

        Raises
        ------
        NotLoggedInError
            If the log-in is unfinished or was ended.
        TokenExpiredError
            If the token's time is over and the server no longer takes it.
        ConnectionFailedError
            If no answer came; it is an exception of ``requests`` as well.
        """
        token = self.token
        response = super().request(method, url, *args, **kwargs)
        for answer in (*response.history, response):
            for name in OURS:
                if name in answer.request.headers:
                    answer.request.headers[name] = "***"
        if response.status_code == 401 and token.remaining <= timedelta(0):
            raise TokenExpiredError(
                f"The token of {self.name} expired at {format_moment(token.expires_at)}, and the server "
                f"refused it. Log in again: {self.mend}"
            )
        return response

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Make a request ready to be sent, its path joined to the base URL."""
        request = copy.copy(request)
        request.url = _join(self.token.base_url, request.url)
        return super().prepare_request(request)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send what was prepared, with a time-out in any case."""
        if self.token and kwargs.get("timeout") is None:
            kwargs["timeout"] = self.timeout
        # Not super() inside the lambda: it finds its class by the frame that it is called in.
        outcome = attempt(lambda: requests.Session.send(self, request, **kwargs))
        if isinstance(outcome, Failure):
            _raise(outcome, request)
        return outcome

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Take the environment's proxies and certificates, but no proxy on the way to loopback."""
        origin = Origin.of(url)
        if origin.is_loopback:
            proxies = {**(proxies or {}), "no_proxy": origin.host}
        return super().merge_environment_settings(url, proxies, stream, verify, cert)

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Strip what another host must not see, and ask no ``.netrc`` for anything else."""
        here, there = response.request.url or "", prepared_request.url or ""
        if self.should_strip_auth(here, there):
            prepared_request.headers.pop("Authorization", None)

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        token = self.token
        return token(request) if Origin.of(request.url or "") == Origin.of(token.base_url) else request

    def __repr__(self) -> str:
        return f"<EtnaSession {self.name}: {self._token or self._absence}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            f"An EtnaSession is not pickled, since it holds a token: send {self.name}_token.headers to the "
            "process that needs them."
        )


def mend(name: str) -> str:
    """Return the line that logs in under a name."""
    return "%etna_login" if name == "etna" else f"%etna_login {name}"


def _join(base_url: str, path: str | bytes) -> str:
    text = path.decode() if isinstance(path, bytes) else path
    if "://" in text.split("?", 1)[0]:
        return text
    return f"{base_url}/{text.lstrip('/')}"


def _raise(failure: Failure, request: requests.PreparedRequest) -> NoReturn:
    if failure.told is not None:
        raise failure.told
    if failure.is_interrupt:
        raise failure.kind
    once = (
        ""
        if request.method in _READS
        else " It was sent once and not again: look whether it was carried out."
    )
    raise _class_for(failure.kind)(
        f"{request.method} to {Origin.of(request.url or '')} got no answer: {failure.reason}.{once}"
    )


def _class_for(kind: type[BaseException]) -> type[EtnaError]:
    # Whoever catches requests.Timeout around a call goes on catching it.
    if issubclass(kind, requests.RequestException):
        return type("ConnectionFailedError", (ConnectionFailedError, kind), {"__module__": __name__})
    return ConnectionFailedError
