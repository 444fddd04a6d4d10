"""The log-in form: asks for what is missing, turns with the server's steps, and goes away."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import ipywidgets
from IPython.display import display

from etna_magic import rendering
from etna_magic.cell_guard import CellGuard
from etna_magic.challenge import Challenge
from etna_magic.countdown import count_down
from etna_magic.exceptions import ApplicationKeyError, ConnectionFailedError, EtnaError, RateLimitedError
from etna_magic.form_fields import close_tree
from etna_magic.form_steps import challenge_view, credentials_view
from etna_magic.loop import elsewhere, later
from etna_magic.pace import AFTER_ENTER, DRAWN, IN_FLIGHT, LEFT_ALONE
from etna_magic.settings import LABELS
from etna_magic.transport import Failure, attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from etna_magic.attempt import LoginAttempt
    from etna_magic.form_view import FormView
    from etna_magic.secret import Secret
    from etna_magic.token import Token


class LoginForm:
    """A form that drives one log-in from its first field to its last step.

    Parameters
    ----------
    attempt : LoginAttempt
        What is known, and the conversation.
    on_success : callable
        Stores the token and returns the line that takes the form's place; may raise `EtnaError`.
    on_end : callable, optional
        Called once when the form has ended, by a log-in or because it was called off.
    is_awaited : bool, optional
        Whether a cell waits for that.
    """

    def __init__(
        self,
        attempt: LoginAttempt,
        on_success: Callable[[Token], rendering.Bundle],
        on_end: Callable[[], None] = lambda: None,
        *,
        is_awaited: bool = False,
    ) -> None:
        self._attempt = attempt
        self._on_success = on_success
        self._on_end = on_end
        self._is_awaited = is_awaited
        self._lock = threading.RLock()
        self._box = ipywidgets.VBox().add_class("etna-login")
        self._view: FormView | None = None
        self._handle: Any = None
        # Whoever stores this form's token calls off every form of the name, and means the others.
        self._is_ending = False
        self._stop_forgetting: Callable[[], None] = lambda: None
        # What was typed, without the password, for the next try.
        self._kept: dict[str, Secret] = {}
        self._guard = CellGuard(self._open)

    def show(self, challenge: Challenge | None = None) -> None:
        """Show the form in the cell that is running, at its first step or at a challenge."""
        if challenge is None:
            self._ask_credentials()
        else:
            self._ask_challenge(challenge)
        plain = "The log-in form needs a front end with widgets; elsewhere use %etna_login --prompt."
        bundle = self._box._repr_mimebundle_() | {"text/plain": plain}
        self._handle = display(bundle, raw=True, display_id=True)
        if not self._is_awaited:
            # A cell that awaits the form serves it as well; any other would leave it unserved.
            self._guard.start()

    def call_off(self, sentence: str) -> None:
        """End the form without a log-in, and say why in its place."""
        if not self._is_ending:
            self._close(rendering.line(sentence, "etna-note"))

    def _close(self, bundle: rendering.Bundle) -> None:
        with self._lock:
            view, self._view = self._view, None
            if view is None:
                return
            self._kept = {}
            self._stop_forgetting()
            self._guard.stop()
            self._handle.update(bundle, raw=True)
            view.close()
            close_tree(self._box)
        self._on_end()

    def _turn(self, view: FormView) -> None:
        """Show a new view in place of the one before."""
        view.on_enter = lambda name: self._meant(view, name)
        view.on_value = lambda name: self._value_came(view, name)
        with self._lock:
            before, self._view = self._view, view
            self._box.children = view.children()
            self._forget_later(view)
            if self._guard.is_shut:
                view.enable(is_enabled=False)
            if before is not None:
                before.close()
        if before is not None:
            # Not when the form is first shown: whoever went on to the next cell is typing there.
            later(DRAWN, lambda: self._if_idle(view, view.focus))

    def _open(self, is_open: bool) -> None:  # noqa: FBT001 - the guard calls it
        with self._lock:
            if self._view is not None and not self._view.is_busy:
                self._view.enable(is_enabled=is_open)

    def _if_idle(self, view: FormView, act: Callable[[], None]) -> None:
        with self._lock:
            if view is self._view and not view.is_busy:
                act()

    def _forget_later(self, view: FormView) -> None:
        self._stop_forgetting()
        self._stop_forgetting = later(LEFT_ALONE, lambda: self._if_idle(view, view.forget))

    def _ask_credentials(self, error: EtnaError | None = None) -> None:
        view = credentials_view(self._attempt, self._kept, error, is_awaited=self._is_awaited)
        view.button("Log in", "primary", lambda: self._meant(view))
        self._turn(view)
        if isinstance(error, RateLimitedError) and error.retry_after:
            count_down(view, error.retry_after, lambda: view is self._view)

    def _ask_challenge(self, challenge: Challenge, error: EtnaError | None = None) -> None:
        view = challenge_view(self._attempt, challenge, error, is_awaited=self._is_awaited)
        view.button("Verify", "primary", lambda: self._meant(view))
        view.button("Start over", "", self._ask_credentials)
        self._turn(view)

    def _meant(self, view: FormView, entered: str | None = None) -> None:
        """Begin what Enter or a click means, once, when the values in flight have arrived."""
        with self._lock:
            if view is not self._view or view.is_busy or view.is_meant:
                return
            view.is_meant, view.entered = True, entered
        later(IN_FLIGHT if entered is None else AFTER_ENTER, lambda: self._begin(view))

    def _value_came(self, view: FormView, name: str) -> None:
        self._forget_later(view)
        if view.is_meant and view.entered == name:
            self._begin(view)

    def _begin(self, view: FormView) -> None:
        with self._lock:
            if view is not self._view or view.is_busy or not view.is_meant:
                return
            view.is_meant, view.entered = False, None
            if lacking := view.lacking():
                view.say(f"Still missing: {' and '.join(lacking)}.", is_error=True)
                view.focus()
                return
            view.is_busy = True
            answers = dict(view.values)
            view.enable(is_enabled=False)
            view.say("Logging in…")
        if view.challenge is None:
            self._kept = {name: value for name, value in answers.items() if name != "password"}
        elsewhere(lambda: attempt(lambda: view.act(answers)), lambda outcome: self._end(view, outcome))

    def _end(self, view: FormView, outcome: Token | Challenge | Failure) -> None:
        with self._lock:
            if view is not self._view:
                return  # closed or replaced while the server thought
            if isinstance(outcome, Challenge):
                self._ask_challenge(outcome)
                return
            token = outcome
            self._is_ending = True
            line = token if isinstance(token, Failure) else attempt(lambda: self._on_success(token))
            self._is_ending = False
            if isinstance(line, Failure):
                self._ask_again(view, line)
            else:
                self._close(line)

    def _ask_again(self, view: FormView, failure: Failure) -> None:
        error = failure.told or EtnaError(f"The log-in did not work: {failure.reason}.")
        if view.challenge is not None and isinstance(error, ConnectionFailedError):
            self._ask_challenge(view.challenge, error)
            return
        if isinstance(error, ApplicationKeyError) or str(error).startswith(LABELS["app_key"]):
            self._kept.pop("app_key", None)
        self._ask_credentials(error)
