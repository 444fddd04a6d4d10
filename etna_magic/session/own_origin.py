"""What no other server gets: the headers, which a placeholder stands for until they are sent, and cookies."""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING

from requests.auth import AuthBase

from etna_magic.exceptions import InsecureURLError, NotLoggedInError
from etna_magic.session.call_errors import not_sent
from etna_magic.support import Origin, SameOrigin, sanitize
from etna_magic.token import HEADERS, PLACEHOLDER, Account, Token, placeholder

if TYPE_CHECKING:
    from http.cookiejar import Cookie
    from urllib.request import Request

    from requests import PreparedRequest

    from etna_magic.session.token_holder import TokenHolder


class PlaceholderAuth(AuthBase):
    """Names the account of a request in ``Authorization``, for its own server only.

    It is explicit where a user gave it for the request, and has to know when it cannot go there.
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


def has_placeholder(holder: TokenHolder, found: object, method: str | None) -> bool:
    """Say by its ``Authorization`` whether a request is to be signed; raise if it is for another account."""
    if not isinstance(found, str) or not found.startswith(PLACEHOLDER):
        return False
    account = holder.account
    if account is None or found != placeholder(account):
        theirs, ours = sanitize(found.removeprefix(PLACEHOLDER).strip()), account or "nobody yet"
        raise NotLoggedInError(
            f"The request was made for {theirs}, and this session is of {ours}.{not_sent(method)}"
        )
    return True


def ours_in(authorization: str | bytes, token: Token | None, *, has_key: bool) -> tuple[str, ...]:
    """Return which headers no other server may get: the placeholder, or what was set by hand."""
    text = authorization.decode("latin-1") if isinstance(authorization, bytes) else str(authorization)
    is_ours = text.strip().startswith((PLACEHOLDER, "Bearer ") if has_key else PLACEHOLDER) or (
        token is not None and not token.ended and token.get_secret_value() in text
    )
    # An Authorization that another auth= has put there stays.
    return HEADERS if is_ours else HEADERS[1:] if has_key else ()


class OwnOriginCookies(DefaultCookiePolicy):
    """Keeps a cookie for the origin that set it; as usual it would go to every port, without TLS too."""

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        """Accept a cookie as usual, and bind it to the port and the scheme that it came from."""
        if not super().set_ok(cookie, request):
            return False
        # As the library reads it when it compares: what follows the colon, 80 where there is none.
        _, _, port = request.host.partition(":")
        cookie.port = port if port.isdecimal() else "80"
        cookie.secure = cookie.secure or request.type == "https"
        return True
