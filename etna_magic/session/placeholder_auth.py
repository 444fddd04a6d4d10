"""What stands in ``Authorization`` until a request is signed: whose it is, and no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from requests.auth import AuthBase

from etna_magic.exceptions import InsecureURLError
from etna_magic.session.call_errors import not_sent
from etna_magic.support import Origin, SameOrigin
from etna_magic.token import HEADERS, Account, placeholder

if TYPE_CHECKING:
    from requests import PreparedRequest


class PlaceholderAuth(AuthBase):
    """Names the account of a request, for its own server only.

    Parameters
    ----------
    account : Account
        Whose request it is.
    is_explicit : bool, optional
        Whether a user gave this auth for the request, and has to know when it cannot go there.
    """

    def __init__(self, account: Account, *, is_explicit: bool = False) -> None:
        self._header = placeholder(account)
        self._is_home = SameOrigin(account.base_url)
        self._is_explicit = is_explicit

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put the placeholder into a request."""
        url = request.url or ""
        if self._is_home(url):
            request.headers[HEADERS[0]] = self._header
        elif self._is_explicit:
            raise InsecureURLError(
                f"This token belongs to {self._is_home.origin} and was not sent to {Origin.of(url)}: "
                f"use it for its own server only.{not_sent(request.method)}"
            )
        return request
