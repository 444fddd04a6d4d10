"""Which cookies a session keeps, and where it sends them."""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from http.cookiejar import Cookie
    from urllib.request import Request


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
