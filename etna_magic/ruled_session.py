"""The rules of ``requests`` where ours are stricter: proxies, ``.netrc``, cookies, redirects, time-outs."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import requests
from requests.exceptions import InvalidURL
from requests.utils import requote_uri

from etna_magic import cookies
from etna_magic.call_failure import both
from etna_magic.exceptions import InsecureURLError
from etna_magic.marks import fate, follow, take_hop
from etna_magic.masking import MASKED, OURS
from etna_magic.origin import Origin
from etna_magic.retries import READS

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT = 30.0


class RuledSession(requests.Session):
    """A session that sends nothing past loopback, asks no ``.netrc``, and repeats no order."""

    #: Seconds that a call waits where it does not say so itself.
    timeout = TIMEOUT

    @property
    def origin(self) -> Origin | None:
        """Where the cookies are at home that are set there; nothing while that is not known."""
        return None

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Make a request ready to be sent, with no cookie that belongs to another origin."""
        prepared = super().prepare_request(request)
        given = {*(request.headers or ()), *(self.headers or ())}
        if not any(str(name).lower() == "cookie" for name in given):
            self._keep_cookies(prepared)
        return prepared

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send what was prepared, with a time-out, by the environment's way where nobody has asked yet."""
        try:
            response = super().send(request, **self.completed(request, kwargs))
        except requests.TooManyRedirects as error:
            last = error.response
        else:
            for one in (response, *response.history):
                one.elapsed = vars(one).get("until_head", one.elapsed)
            return response
        told = both(requests.TooManyRedirects)(
            f"{request.method} to {Origin.of(request.url or '')} was redirected more than "
            f"{self.max_redirects} times, and given up.{fate(request, is_redirected=True)}"
        )
        vars(told)["response"] = last
        raise told

    def completed(self, request: requests.PreparedRequest, given: dict[str, Any]) -> dict[str, Any]:
        """Return what a request is sent with: as it was given, and as the rules have it where it was not."""
        given = {**given, "timeout": self._timeout(given.get("timeout"))}
        if "proxies" not in given:
            known = (given.get(name) for name in ("stream", "verify", "cert"))
            given |= self.merge_environment_settings(request.url, {}, *known)
        return given

    def _timeout(self, given: Any) -> Any:
        if isinstance(given, tuple):
            return tuple(self.timeout if part is None else part for part in given)
        return self.timeout if given is None else given

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Follow no redirect by which an order would be sent a second time."""
        method, status = resp.request.method, resp.status_code
        # By requests' own rules: 303 and 302 make a GET of anything, 301 of a POST.
        repeats = status in (307, 308) or (status == 301 and method != "POST")
        if repeats and method not in READS:
            return None
        with contextlib.suppress(ValueError, InsecureURLError):
            target = super().get_redirect_target(resp)
            if target is not None:
                # As requests will spell it: a blank there is no fault.
                Origin.of(requote_uri(urljoin(resp.url, target)))
            return target
        raise both(InvalidURL)(
            f"{method} to {Origin.of(resp.url)} was redirected, but to a place that cannot be read."
            f"{fate(resp.request, is_redirected=True)}"
        )

    def resolve_redirects(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Follow redirects one by one; a request that is handed out instead is the caller's to send."""
        for one in super().resolve_redirects(*args, **kwargs):
            if isinstance(one, requests.PreparedRequest):
                take_hop(one)
            yield one

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Take the environment's proxies and certificates, but no proxy on the way to loopback."""
        origin = Origin.of(url)
        if origin.is_loopback:
            proxies = {**(proxies or {}), "no_proxy": origin.host}
        return super().merge_environment_settings(url, proxies, stream, verify, cert)

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Strip what another host must not see, and ask no ``.netrc`` for anything else."""
        follow(prepared_request, response.request)
        here, there = response.request.url or "", prepared_request.url or ""
        if self.should_strip_auth(here, there):
            prepared_request.headers.pop("Authorization", None)
        if Origin.of(there) != self.origin:
            # Whatever a foreign server sends on, even back home, is its own wish and is not signed.
            for name in OURS:
                if prepared_request.headers.get(name) == MASKED:
                    del prepared_request.headers[name]
        self._keep_cookies(prepared_request)

    def _keep_cookies(self, request: requests.PreparedRequest) -> None:
        if self.origin is not None and Origin.of(request.url or "") != self.origin:
            cookies.keep_from(request, self.origin.host)
