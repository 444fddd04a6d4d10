"""Ends a token on the server, where the server can."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etna_magic.one_request import posted
from etna_magic.transport import Failure, attempt

if TYPE_CHECKING:
    from etna_magic.token import Token


def end_on_server(token: Token, timeout: float) -> str:
    """Ask the server to end a token, once.

    ``POST {base URL}/logout`` is documented by one broker; other installations may not have it.

    Parameters
    ----------
    token : Token
        What to end.
    timeout : float
        Seconds to wait.

    Returns
    -------
    str
        Why the token may live on, to stand after "because "; empty if it is over for certain.

    Raises
    ------
    BaseException
        What interrupted it.
    """
    outcome = attempt(lambda: _post(token, timeout))
    if isinstance(outcome, Failure):
        outcome.raise_foreign()
        return f"the server could not be asked: {outcome.reason}"
    status, is_page = outcome
    if status in (200, 204, 401) and not is_page:  # 401: the token is dead already
        return ""
    return f"this server does not end tokens (status {status}{' with a web page' if is_page else ''})"


def _post(token: Token, timeout: float) -> tuple[int, bool]:
    with posted(f"{token.base_url}/logout", {}, timeout=timeout, auth=token) as answer:
        return answer.status_code, "html" in answer.headers.get("Content-Type", "")
