"""What a log-in that asked for ``--remember`` does with its memory; one that did not does nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from etna_magic.memory import Memory
from etna_magic.origin import checked_base_url
from etna_magic.remembered import Owner
from etna_magic.token import Token, TokenState

if TYPE_CHECKING:
    from datetime import timedelta

    from etna_magic.attempt import LoginAttempt
    from etna_magic.namespace import Login, Logins


class Remembering:
    """The remembered token of one log-in: looked for, taken up, kept, and dropped when it is over.

    Parameters
    ----------
    logins : Logins
        Who has to know when a token that is remembered comes to its end.
    is_wanted : bool
        Whether the log-in asked for it.
    """

    def __init__(self, logins: Logins, *, is_wanted: bool) -> None:
        self._logins = logins
        self._memory = Memory.of_this_user() if is_wanted else None

    @property
    def place(self) -> str:
        """Where tokens are kept, for a person."""
        return self._memory.place if self._memory else "nothing"

    @property
    def trouble(self) -> str:
        """What went wrong with the store, for a person; empty if nothing has."""
        return self._memory.trouble if self._memory else ""

    def turn(self, attempt: LoginAttempt) -> AbstractContextManager[None]:
        """Return what lets one kernel at a time look for a remembered token, log in and keep it."""
        owner = _owner_in(attempt) if self._memory and not attempt.missing else None
        return self._memory.turn(owner) if self._memory and owner else nullcontext()

    def token(self, attempt: LoginAttempt, in_hand: Token | None, lifetime: timedelta) -> Token | None:
        """Return a token that is remembered and worth taking up.

        Parameters
        ----------
        attempt : LoginAttempt
            Whose it has to be.
        in_hand : Token or None
            The token that stands under the log-in's name now.
        lifetime : timedelta
            What stands behind all settings for how long the server keeps a token.
        """
        owner = _owner_in(attempt) if self._memory else None
        token = self._memory.recall(owner) if self._memory and owner else None
        if token is None:
            return None
        if "lifetime" in attempt.settings.known:
            # What is said now of the server counts, unless the token was kept as a shorter one.
            token.lifetime = min(token.lifetime, attempt.settings.credentials_lifetime(lifetime))
        # Whoever logs in again with this very token in hand, or near its end, wants another.
        is_in_hand = in_hand is not None and token.value == in_hand.value
        return token if token.state is TokenState.FRESH and not is_in_hand else None

    def keep(self, login: Login, token: Token) -> str:
        """Remember a token, and return a sentence that says so; nothing where none is kept."""
        if self._memory is None:
            return ""
        self.watch(login, token)
        kept = self._memory.keep(_owner_of(token), token)
        return f"Remembered in {self.place}." if kept else ""

    def watch(self, login: Login, token: Token) -> None:
        """Drop what is remembered when the log-in ends, or the server refuses its token."""
        memory, owner = self._memory, _owner_of(token)
        if memory is None:
            return

        def changed() -> None:
            self._logins.touch()
            if token.ended:
                memory.drop(owner, token)

        def forget() -> str:
            memory.trouble = ""
            memory.forget(owner)
            return memory.trouble

        login.forgets[owner.digest] = forget
        login.session.on_change = changed


def _owner_of(token: Token) -> Owner:
    return Owner(token.base_url, token.username, token.app_key)


def _owner_in(attempt: LoginAttempt) -> Owner | None:
    known = attempt.settings.known
    if not {"base_url", "username", "app_key"} <= known.keys():
        return None
    base_url = checked_base_url(attempt.settings.text("base_url"))
    return Owner(base_url, attempt.settings.text("username"), known["app_key"].value)
