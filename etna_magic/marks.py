"""What a request remembers of the call that it belongs to, beside its headers; nothing here is a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from etna_magic.retries import READS

if TYPE_CHECKING:
    from requests import PreparedRequest

    from etna_magic.token import Token

_ACCOUNT, _BEGAN_AS, _IS_HOP = "etna_account", "etna_began_as", "etna_is_hop"


class Account(NamedTuple):
    """Whose call it is."""

    username: str
    base_url: str

    @classmethod
    def of(cls, token: Token) -> Account:
        """Return whose token it is."""
        return cls(token.username, token.base_url)


def set_account(request: PreparedRequest, account: Account) -> None:
    """Note on whose behalf a request was prepared."""
    vars(request)[_ACCOUNT] = account


def account_of(request: PreparedRequest) -> Account | None:
    """Return on whose behalf a request was prepared, where that is known."""
    account: Account | None = vars(request).get(_ACCOUNT)
    return account


def follow(request: PreparedRequest, before: PreparedRequest) -> None:
    """Note that a request is the next step, by a redirect, of the call that `before` belongs to."""
    vars(request).update({_IS_HOP: True, _BEGAN_AS: began_as(before), _ACCOUNT: account_of(before)})


def take_hop(request: PreparedRequest) -> bool:
    """Return whether a request is about to be sent by a redirect, and forget that: later a user sends it."""
    return bool(vars(request).pop(_IS_HOP, False))


def began_as(request: PreparedRequest) -> str:
    """Return the method that the call began with: a redirect may have made a GET of an order."""
    return str(vars(request).get(_BEGAN_AS) or request.method)


def fate(request: PreparedRequest, *, is_redirected: bool = False) -> str:
    """Say what may have become of an order whose call went wrong, as a sentence behind another.

    Parameters
    ----------
    request : requests.PreparedRequest
        The step that went wrong.
    is_redirected : bool, optional
        Whether that step was answered, by a redirect.
    """
    method = began_as(request)
    if method in READS:
        return ""
    if is_redirected or _BEGAN_AS in vars(request):
        return f" The {method} itself was answered, by a redirect: look whether it was carried out."
    return " It was sent once and not again: look whether it was carried out."
