"""The session that signs every other call: one origin, both headers, no secret in what goes wrong."""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING

from etna_magic import cookies
from etna_magic.exceptions import NotLoggedInError
from etna_magic.mend import mend
from etna_magic.origin import Origin, joined
from etna_magic.reading_adapter import ReadingAdapter
from etna_magic.ruled_session import TIMEOUT, RuledSession
from etna_magic.signing import SigningAdapter, mark

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests
    from requests.adapters import BaseAdapter

    from etna_magic.renewal import Renewal
    from etna_magic.token import Token


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
        # What a user may have put on by hand; the last stands for whom the cookies are.
        self._known: list[Token] = []
        self._absence = "is not logged in"
        #: Replaces the token before it ends, if the log-in asked for that.
        self.renewal: Renewal | None = None
        #: Called when the token's state has changed by what the server said.
        self.on_change: Callable[[], None] = lambda: None
        self._pid = os.getpid()
        for scheme in ("https://", "http://"):
            self.mount(scheme, ReadingAdapter())
        # Any auth at all keeps requests from asking .netrc for one.
        self.auth = lambda request: mark(request, self.token)

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

    @property
    def origin(self) -> Origin | None:
        """The server of the token."""
        return Origin.of(self._token.base_url) if self._token else None

    def bind(self, token: Token) -> None:
        """Sign with this token from now on."""
        last = self._known[-1] if self._known else token
        if (last.username, last.base_url) != (token.username, token.base_url):
            cookies.forget_from_servers(self.cookies)
        self._known = [*self._known[-9:], token]
        self._token = token

    def holds(self, token: Token) -> bool:
        """Whether this is the token that calls are signed with."""
        return self._token is token

    def unbind(self, absence: str) -> None:
        """Sign nothing from now on; `absence` says why, to stand after the log-in's name."""
        self._token, self._absence = None, absence

    @property
    def how_to_mend(self) -> str:
        """What to do about a token that is over, as a sentence."""
        return f"Log in again: {mend(self.name)}"

    def token_for_call(self) -> Token:
        """Return the token to sign with, renewed first if that is asked for and it is time."""
        if os.getpid() != self._pid:
            self._begin_anew()
        return self.renewal.renewed() if self.renewal and self._token else self.token

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Make a request ready to be sent, its path joined to the base URL."""
        request = copy.copy(request)
        request.url = joined(self.token.base_url, request.url)
        if request.auth is self.token:
            request.auth = None  # this session's own, which marks and shows nothing
        return super().prepare_request(request)

    def get_adapter(self, url: str) -> BaseAdapter:
        """Return what signs and sends a request to a URL."""
        return SigningAdapter(super().get_adapter(url), lambda: self.token, self._known)

    def _begin_anew(self) -> None:
        """Share no connection and no lock with the process that this one was forked from."""
        self._pid = os.getpid()
        for prefix, adapter in list(self.adapters.items()):
            if isinstance(adapter, ReadingAdapter):
                self.mount(prefix, ReadingAdapter())
            else:
                adapter.close()  # a user's own stays, without its connections
        if self.renewal is not None:
            self.renewal.begin_anew()

    def __repr__(self) -> str:
        what = self._token.describe() if self._token else self._absence
        return f"<{type(self).__name__} {self.name}: {what}>"
