"""The rules of ``requests`` where ours are stricter: proxies, ``.netrc`` and redirects."""

from __future__ import annotations

from typing import Any

import requests

from etna_magic.origin import Origin
from etna_magic.retries import READS


class RuledSession(requests.Session):
    """A session that sends nothing past loopback, asks no ``.netrc``, and repeats no order."""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send what was prepared, by the environment's way where nobody has asked for that yet."""
        if "proxies" not in kwargs:
            given = (kwargs.get(name) for name in ("stream", "verify", "cert"))
            kwargs |= self.merge_environment_settings(request.url, {}, *given)
        return super().send(request, **kwargs)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Follow no redirect by which an order would be sent a second time."""
        method, status = resp.request.method, resp.status_code
        # By requests' own rules: 303 and 302 make a GET of anything, 301 of a POST.
        repeats = status in (307, 308) or (status == 301 and method != "POST")
        return None if repeats and method not in READS else super().get_redirect_target(resp)

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
