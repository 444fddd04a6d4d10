"""The session that weighs each refusal: whether the token is over, or it was about that call alone."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import requests

from etna_magic.exceptions import TokenExpiredError
from etna_magic.marks import Account, account_of, fate, take_hop
from etna_magic.origin import Origin
from etna_magic.reading_adapter import ReadingAdapter
from etna_magic.retries import READS, can_be_repeated, rewind
from etna_magic.ruled_session import TIMEOUT
from etna_magic.server_verdict import ServerVerdict, end_of
from etna_magic.signed_session import SignedSession
from etna_magic.signing import SigningAdapter, is_marked, mark
from etna_magic.token import Token, TokenState

if TYPE_CHECKING:
    from collections.abc import Mapping

# What of a call's settings says by which way it goes.
_WAY = ("timeout", "verify", "cert", "proxies")


class WeighingSession(SignedSession):
    """A signed session that knows a dead token from a call that is not allowed.

    Parameters
    ----------
    name : str
        The log-in's name.
    timeout : float, optional
        Seconds that a call waits where it does not say so itself, by default 30.
    """

    def __init__(self, name: str, timeout: float = TIMEOUT) -> None:
        super().__init__(name, timeout)
        self._verdict = ServerVerdict()

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send what was prepared, by this session's rules.

        Parameters
        ----------
        request : requests.PreparedRequest
            What to send; its headers of ours are masked, and stay so.
        **kwargs
            As for ``requests.Session.send``; ``timeout`` in seconds.

        Returns
        -------
        requests.Response
            The answer, whatever its status.

        Raises
        ------
        NotLoggedInError
            If the log-in is unfinished or was ended.
        TokenExpiredError
            If the token's time is over and the server no longer takes it.
        ConnectionFailedError
            If no answer came; it is an exception of ``requests`` as well.
        """
        if take_hop(request):
            return super().send(request, **kwargs)
        token = self.token_for_call()
        if token.ended:
            raise TokenExpiredError(f"{end_of(self.name, token)} {self.how_to_mend}")
        kwargs = self.completed(request, kwargs)
        try:
            response = super().send(request, **kwargs)
        except requests.HTTPError as error:
            # A hook of the user's has called raise_for_status.
            if error.response is None or not self._is_to_repeat(token, request, error.response, kwargs):
                raise
        else:
            if not self._is_to_repeat(token, request, response, kwargs):
                return response
            response.close()
        rewind(request)
        return super().send(request, **kwargs)

    def _is_to_repeat(
        self,
        token: Token,
        request: requests.PreparedRequest,
        response: requests.Response,
        way: Mapping[str, Any],
    ) -> bool:
        """Say whether a call that was refused is to be sent again, signed with a fresh token."""
        # A hook may hand over the answer to something else, and that one says nothing of this.
        is_of_this = (response.history or [response])[0].request is request
        if not (is_of_this and is_marked(request) and self._is_refusal(request, response)):
            return False
        is_read = request.method in READS and can_be_repeated(request)
        if self._token is not token and token.state is not TokenState.STALE:
            return is_read  # replaced while the call was under way, and not because it was over
        if self._token is token and not self._is_over(token, way):
            return False
        self.on_change()
        ended = end_of(self.name, token)
        if self._token is token and self.renewal is None:
            raise TokenExpiredError(f"{ended} {_fate(request, response)}{self.how_to_mend}")
        self.token_for_call()
        if is_read:
            return True
        what = _fate(request, response) or "The call was refused and not sent again: repeat it."
        raise TokenExpiredError(f"{ended} There is a fresh token now. {what.strip()}")

    def _is_refusal(self, request: requests.PreparedRequest, response: requests.Response) -> bool:
        """Whether the server has refused a call of the account that is logged in."""
        mine = self._token is not None and account_of(request) in (None, Account.of(self._token))
        return mine and response.status_code == 401 and Origin.of(response.url) == self.origin

    def _is_over(self, token: Token, way: Mapping[str, Any]) -> bool:
        return self._verdict.is_over(token, lambda: self._probe(token, way), _longest(way["timeout"]))

    def _probe(self, token: Token, way: Mapping[str, Any]) -> bool:
        """Say whether the server refuses a token, by the way that the call itself went."""
        url = f"{token.base_url}/v1.0/users/@me/info"
        # Marked by itself: a user may have set another auth on the session.
        request = mark(self.prepare_request(requests.Request("GET", url)), token)
        # The one below the signing: its tries are counted for this thread.
        adapter = requests.Session.get_adapter(self, url)
        # Not by send(): no hook, no redirect, and one try, since other threads wait for it.
        with adapter.once() if isinstance(adapter, ReadingAdapter) else nullcontext():
            by = SigningAdapter(adapter, lambda: token, ())
            probe = by.send(request, stream=True, **{name: way[name] for name in _WAY if name in way})
        probe.close()
        return probe.status_code == 401

    def _begin_anew(self) -> None:
        super()._begin_anew()
        self._verdict = ServerVerdict()


def _fate(request: requests.PreparedRequest, response: requests.Response) -> str:
    """Say that an order was answered, where what was refused is only what it was redirected to."""
    return f"{fate(request, is_redirected=True).strip()} " if response.history else ""


def _longest(timeout: Any) -> float:
    parts = timeout if isinstance(timeout, tuple) else (timeout,)
    return max((float(part) for part in parts if isinstance(part, (int, float))), default=TIMEOUT)
