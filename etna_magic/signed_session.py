"""The session that signs every other call: one origin, both headers, no secret in what goes wrong."""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING, Any

import requests
from requests.hooks import dispatch_hook

from etna_magic.call_failure import raise_for
from etna_magic.exceptions import NotLoggedInError, TokenExpiredError
from etna_magic.mend import mend
from etna_magic.origin import Origin, joined
from etna_magic.reading_adapter import ReadingAdapter
from etna_magic.retries import READS
from etna_magic.ruled_session import RuledSession
from etna_magic.server_verdict import ServerVerdict, end_of
from etna_magic.signing import mask, sign, sign_again, take_hooks
from etna_magic.token import Token, TokenState
from etna_magic.transport import Failure, attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from etna_magic.renewal import Renewal

TIMEOUT = 30.0


class SignedSession(RuledSession):
    """A ``requests.Session`` for paths below a base URL, signed with a token for its own origin only.

    Parameters
    ----------
    name : str
        The log-in's name.
    timeout : float, optional
        Seconds that a call waits where it does not say so itself, by default 30.
    """

    def __init__(self, name: str, timeout: float = TIMEOUT) -> None:
        super().__init__()
        self.name = name
        self.timeout = timeout
        self._token: Token | None = None
        self._absence = "is not logged in"
        #: Replaces the token before it ends, if the log-in asked for that.
        self.renewal: Renewal | None = None
        #: Called when the token's state has changed by what the server said.
        self.on_change: Callable[[], None] = lambda: None
        self._begin_anew()
        # Any auth at all keeps requests from asking .netrc for one.
        self.auth = lambda request: sign(request, self.token)

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

    def holds(self, token: Token) -> bool:
        """Whether this is the token that calls are signed with."""
        return self._token is token

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
        token = self.token_for_call()
        if token.ended:
            raise TokenExpiredError(f"{end_of(self.name, token)} {self.how_to_mend}")
        try:
            response = super().request(method, url, *args, **kwargs)
        except requests.HTTPError as error:
            # A hook of the user's has called raise_for_status.
            if error.response is None or not self._is_to_repeat(token, error.response, kwargs):
                raise
        else:
            if not self._is_to_repeat(token, response, kwargs):
                return response
            response.close()
        return super().request(method, url, *args, **kwargs)

    @property
    def how_to_mend(self) -> str:
        """What to do about a token that is over, as a sentence."""
        return f"Log in again: {mend(self.name)}"

    def token_for_call(self) -> Token:
        """Return the token to sign with, renewed first if that is asked for and it is time."""
        return self.renewal.renewed() if self.renewal and self._token else self.token

    def _is_to_repeat(self, token: Token, response: requests.Response, settings: Mapping[str, Any]) -> bool:
        """Say whether a call that was refused is to be sent again, signed with a fresh token."""
        if response.status_code != 401 or Origin.of(response.url) != Origin.of(token.base_url):
            return False
        # The first, since a redirect makes a GET of a POST, and what is repeated is the POST.
        is_read = (response.history or [response])[0].request.method in READS
        if self._token is not token and token.state is not TokenState.STALE:
            return is_read  # replaced while the call was under way, and not because it was over
        if self._token is token and not self._verdict.is_over(token, lambda _: self._probe(token, settings)):
            return False
        self.on_change()
        if self._token is token and self.renewal is None:
            raise TokenExpiredError(f"{end_of(self.name, token)} {self.how_to_mend}")
        self.token_for_call()
        if is_read:
            return True
        raise TokenExpiredError(
            f"{end_of(self.name, token)} There is a fresh token now; the call was refused and not sent "
            "again: repeat it."
        )

    def _probe(self, token: Token, settings: Mapping[str, Any]) -> bool:
        # By the way that the call itself went: certificates and proxies may have been given to it.
        way = {name: settings[name] for name in ("verify", "cert", "proxies") if name in settings}
        url = f"{token.base_url}/v1.0/users/@me/info"
        try:
            probe = super().request("GET", url, auth=token, allow_redirects=False, **way)
        except requests.HTTPError as error:  # raised by a hook of the user's
            probe = error.response
        return probe is not None and probe.status_code == 401

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Make a request ready to be sent, its path joined to the base URL."""
        request = copy.copy(request)
        request.url = joined(self.token.base_url, request.url)
        return super().prepare_request(request)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send what was prepared, with a time-out in any case, and mask our headers in what comes back."""
        token = self.token
        if os.getpid() != self._pid:
            self._begin_anew()
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self.timeout
        sign_again(request, token)
        # A user's hooks may raise what they like, and are no part of the sending.
        hooks = take_hooks(request)
        # Not super() inside the lambda: it finds its class by the frame that it is called in.
        outcome = attempt(lambda: RuledSession.send(self, request, **kwargs))
        mask(request)
        if isinstance(outcome, Failure):
            raise_for(outcome, request)
        mask(outcome.next)
        for earlier in outcome.history:
            mask(earlier.request)
            dispatch_hook("response", hooks, earlier, **kwargs)
        mask(outcome.request)
        answer: requests.Response = dispatch_hook("response", hooks, outcome, **kwargs)
        return answer

    def _begin_anew(self) -> None:
        """Share no connection and no lock with the process that this one was forked from."""
        self._pid = os.getpid()
        self._verdict = ServerVerdict()
        self.mount("https://", ReadingAdapter())
        self.mount("http://", ReadingAdapter())
        if self.renewal is not None:
            self.renewal.begin_anew()

    def __repr__(self) -> str:
        what = self._token.describe() if self._token else self._absence
        return f"<{type(self).__name__} {self.name}: {what}>"
