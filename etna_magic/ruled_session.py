"""The rules of ``requests`` where ours are stricter: proxies, ``.netrc``, cookies, redirects, time-outs."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import requests
from requests.exceptions import InvalidURL
from urllib3 import Retry

from etna_magic import cookies
from etna_magic.call_failure import both
from etna_magic.exceptions import InsecureURLError
from etna_magic.origin import Origin
from etna_magic.retries import READS, reads_only

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

TIMEOUT = 30.0


class RuledSession(requests.Session):
    """A session that sends nothing past loopback, asks no ``.netrc``, and repeats no order."""

    #: Seconds that a call waits where it does not say so itself.
    timeout = TIMEOUT

    @property
    def origin(self) -> Origin | None:
        """Where the cookies are at home that are set there; nothing while that is not known."""
        return None

    def mount(self, prefix: str | bytes, adapter: BaseAdapter) -> None:
        """Send by an adapter; whatever its rules for trying again, they are for reads."""
        rules = getattr(adapter, "max_retries", None)
        if isinstance(rules, Retry):
            adapter.max_retries = reads_only(rules)  # type: ignore[attr-defined] # HTTPAdapter has it
        super().mount(prefix, adapter)

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Make a request ready to be sent, with no cookie that belongs to another origin."""
        prepared = super().prepare_request(request)
        given = {*(request.headers or ()), *(self.headers or ())}
        if not any(str(name).lower() == "cookie" for name in given):
            self._keep_cookies(prepared)
        return prepared

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send what was prepared, with a time-out, by the environment's way where nobody has asked yet."""
        with contextlib.suppress(requests.TooManyRedirects):
            return super().send(request, **self.completed(request, kwargs))
        raise both(requests.TooManyRedirects)(
            f"{request.method} to {Origin.of(request.url or '')} was redirected more than "
            f"{self.max_redirects} times, and was given up."
        )

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
                Origin.of(urljoin(resp.url, target))
            return target
        raise both(InvalidURL)(
            f"{method} to {Origin.of(resp.url)} was redirected, but to a place that cannot be read."
        )

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Take the environment's proxies and certificates, but no proxy on the way to loopback."""
        origin = Origin.of(url)
        if origin.is_loopback:
            proxies = {**(proxies or {}), "no_proxy": origin.host}
        return super().merge_environment_settings(url, proxies, stream, verify, cert)

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Strip what another host must not see, and ask no ``.netrc`` for anything else."""
        vars(prepared_request)["is_redirect"] = True
        here, there = response.request.url or "", prepared_request.url or ""
        if self.should_strip_auth(here, there):
            prepared_request.headers.pop("Authorization", None)
        self._keep_cookies(prepared_request)

    def _keep_cookies(self, request: requests.PreparedRequest) -> None:
        if self.origin is not None and Origin.of(request.url or "") != self.origin:
            cookies.keep_from(request, self.origin.host)


def is_redirect(request: requests.PreparedRequest) -> bool:
    """Whether a request was made by a redirect, as a step of another call."""
    return bool(vars(request).get("is_redirect"))
