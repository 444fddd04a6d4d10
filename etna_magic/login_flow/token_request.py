"""The two requests of a login: ``POST /token`` for each of its steps, and ``POST /logout``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etna_magic.exceptions import ConnectionFailedError
from etna_magic.login_flow.token_response import LONGEST_BODY, TokenResponse, parse
from etna_magic.support import Origin
from etna_magic.support.http import CERTIFI, call_in_time, post_once
from etna_magic.support.safe_call import Failure, Route

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from etna_magic.secret import Secret
    from etna_magic.token import Token


def request_token(  # noqa: PLR0913 - two have to be named
    base_url: str,
    headers: Mapping[str, Secret],
    secrets: Iterable[Secret],
    timeout: float,
    *,
    source: str = "the base URL",
    trust: str = CERTIFI,
) -> TokenResponse:
    """Send one ``POST {base URL}/token`` without a body; nothing is tried twice, no redirect followed.

    The source says in an error where the base URL came from; trust is ``certifi`` or ``system``.

    Raises
    ------
    ConnectionFailedError
        If nothing came back in time; nothing of the request is in it.
    """
    url, hidden = f"{base_url}/token", tuple(secrets)

    def act() -> TokenResponse:
        plain = {name: value.get_secret_value() for name, value in headers.items()}
        response, body = post_once(url, plain, timeout=timeout, longest=LONGEST_BODY, trust=trust)
        return parse(response, body, hidden)

    outcome = call_in_time(act, timeout, (*headers.values(), *hidden), Route(url, trust=trust).problem)
    if not isinstance(outcome, Failure):
        return outcome
    outcome.raise_foreign()
    advice = "Then log in again." if outcome.has_advice else f"Check the network and {source}."
    raise ConnectionFailedError(
        f"{Origin.of(url)} could not be asked for a token: {outcome.reason}. {advice}"
    )


def log_out_on_server(token: Token, timeout: float, trust: str = CERTIFI) -> str:
    """Ask the server to end a token, once.

    ``POST {base URL}/logout`` is documented by one broker; other installations may not have it.

    Raises
    ------
    BaseException
        What interrupted it.
    """
    url = f"{token.base_url}/logout"

    def act() -> tuple[int, bool]:
        response, _ = post_once(url, {}, timeout=timeout, auth=token, longest=LONGEST_BODY, trust=trust)
        return response.status_code, "html" in response.headers.get("Content-Type", "")

    outcome = call_in_time(act, timeout, token.secrets(), Route(url, trust=trust).problem)
    if isinstance(outcome, Failure):
        outcome.raise_foreign()
        return f"the server could not be asked: {outcome.reason}"
    status, is_page = outcome
    if status in (200, 204, 401) and not is_page:  # 401: the token is dead already
        return ""
    return f"this server does not end tokens (status {status}{' with a web page' if is_page else ''})"
