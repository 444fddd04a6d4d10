"""The login form: asks for what is missing, follows the server's challenges, and goes away."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from contextvars import copy_context
from datetime import timedelta
from typing import TYPE_CHECKING

from IPython.core.getipython import get_ipython
from IPython.display import display

from etna_magic import callbacks
from etna_magic.ask.event_loop import call_later, run_in_background
from etna_magic.ask.form_page import FormPage, Heading
from etna_magic.ask.form_view import ANSWER, FormView, Step, challenge_step, credentials_step, is_refusal
from etna_magic.display import Bundle, line
from etna_magic.exceptions import ApplicationKeyError, EtnaError, RateLimitedError
from etna_magic.login_flow import Challenge
from etna_magic.support import format_duration
from etna_magic.support.safe_call import Failure, safe_call
from etna_magic.token import Token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from IPython.core.events import EventManager
    from IPython.display import DisplayHandle

    from etna_magic.login_flow import LoginAttempt
    from etna_magic.secret import Secret

# All in seconds. What takes no longer is shown as done, and not as under way before.
AT_ONCE = 0.1
# Nobody who has left for longer expects a password to be kept.
FORGET_AFTER = 300.0


class LoginForm:
    """A form that drives one login from its first field to its last challenge.

    While a later cell runs it cannot be used: a kernel that is busy cannot take a password out of its
    field, and a notebook that is saved with the state of its widgets meanwhile would have it
    on disk. Its own cell is not known to end: so what follows a login in that cell should be short.

    Parameters
    ----------
    name : str
        What the login is called.
    attempt : LoginAttempt
        What is known, and the conversation with the server.
    on_success : callable
        Stores the token and returns the line that is shown instead of the form; may raise `EtnaError`.
    on_end : callable, optional
        Called once when the form has ended, by a login or because it was called off.
    on_unwanted : callable, optional
        Called, in the background, with a token that came when the form had ended.
    is_awaited : bool, optional
        Whether a cell awaits that. Such a cell serves the form, which can then be used while it runs.
    """

    def __init__(  # noqa: PLR0913 - all but three have a default
        self,
        name: str,
        attempt: LoginAttempt,
        on_success: Callable[[Token], Bundle],
        on_end: Callable[[], None] = lambda: None,
        on_unwanted: Callable[[Token], object] = lambda _: None,
        *,
        is_awaited: bool = False,
    ) -> None:
        self._name = name
        self._attempt = attempt
        self._on_success = on_success
        self._on_end = on_end
        self._on_unwanted = on_unwanted
        self._is_awaited = is_awaited
        self._lock = threading.RLock()
        self._page = FormPage()
        self._view: FormView | None = None
        self._handle: DisplayHandle | None = None
        # What stores this form's token calls off every form of the name, and means the others.
        self._is_storing = False
        self._cancel_forgetting: Callable[[], None] = lambda: None
        self._stop_counting: Callable[[], None] = lambda: None
        # What was typed, without the password, for the next try.
        self._kept: dict[str, Secret] = {}
        # How often in a row the server has refused what was typed here.
        self._refused = 0
        #: Whether the token is to be remembered; None where it cannot be. A person may change it.
        self.remembers: bool | None = None
        #: Whether the login will send nothing but reads.
        self.is_read_only = False
        self._events: EventManager | None = None
        self._is_cell_running = False

    def show(self, challenge: Challenge | None = None) -> None:
        """Show the form in the cell that is running."""
        if challenge is None:
            self._ask_credentials()
        else:
            self._show_step(challenge_step(challenge), {})
        # For whoever reads the notebook without this kernel: it is saved like this until the form ends.
        saved = line(f"The login form of {self._name}, which was not finished.", "etna-note")
        self._handle = display(self._page.box._repr_mimebundle_() | saved, raw=True, display_id=True)
        if self._is_awaited:
            self._watch_views()
        else:
            self._watch_cells()

    def call_off(self, sentence: str) -> None:
        """End the form without a login."""
        if not self._is_storing:
            self._close(line(sentence, "etna-note"))

    def _close(self, bundle: Bundle) -> None:
        """Let a line take the form's place: in its widget, since Voila shows no update of a display."""
        with self._lock:
            view, self._view = self._view, None
            if view is None:
                return
            self._kept = {}
            self._cancel_forgetting()
            self._stop_counting()
            self._unwatch_cells()
            self._page.show_line(bundle["text/html"])
            if self._handle is not None:
                self._handle.update(bundle, raw=True)
            view.close()
            self._page.close_all_but_line()
        self._on_end()

    def _watch_views(self) -> None:
        """End the form when it is taken from its page: a cell that is run again would wait for it for ever.

        The front end counts a widget's views where the count is a number. While a cell waits it sends one
        value
        of each widget: so the layout says that the form was drawn, and the box that it is gone.
        """
        # In the cell's context, so that the cell's thread is asked, as for everything else.
        run, box = copy_context().run, self._page.box
        box.layout.observe(lambda _: run(box.set_trait, "_view_count", 1), "_view_count")
        box.observe(self._count_views, "_view_count")
        box.layout.set_trait("_view_count", 0)

    def _count_views(self, change: Mapping[str, object]) -> None:
        if change["new"] == 0:
            self.call_off("This form was closed, because it was taken from its page.")

    # Steps

    def _ask_credentials(self, error: EtnaError | None = None) -> None:
        view = self._show_step(credentials_step(self._attempt.settings, error, self._refused), self._kept)
        if isinstance(error, RateLimitedError) and error.retry_after:
            self._count_down(view, time.monotonic() + error.retry_after)

    def _show_step(self, step: Step, values: Mapping[str, Secret]) -> FormView:
        view = self._new_view(step, values)
        if step.challenge is None:
            view.add_button("Log in", "primary", lambda: self._submit_soon(view))
        else:
            view.add_button("Verify", "primary", lambda: self._submit_soon(view))
            view.add_button("Start over", "", self._ask_credentials)
        view.add_cancel(self._cancel)
        self._show_view(view)
        return view

    def _cancel(self) -> None:
        self._close(line("The login was cancelled, and nothing has changed.", "etna-note"))

    def _new_view(self, step: Step, values: Mapping[str, Secret]) -> FormView:
        remembers = self.remembers if step.challenge is None else None
        view = FormView(step, self._page, values, is_awaited=self._is_awaited, remembers=remembers)
        view.on_remember = self._remember
        view.on_enter = lambda: self._submit_soon(view)
        view.on_value = lambda: self._forget_later(view)
        view.on_answers = lambda: self._submit_at_once(view)
        return view

    def _show_view(self, view: FormView) -> None:
        """Show a new view instead of the one before."""
        with self._lock:
            before, self._view = self._view, view
            attempt = self._attempt
            view.show(Heading.of(attempt.settings.filled(attempt.typed), is_read_only=self.is_read_only))
            self._forget_later(view)
            if self._is_cell_running:
                view.enable(is_enabled=False)
            if before is not None:
                before.close()

    def _remember(self, is_ticked: bool) -> None:  # noqa: FBT001 - a callback
        self.remembers = is_ticked

    def _if_idle(self, view: FormView, act: Callable[[], None]) -> None:
        with self._lock:
            if view is self._view and not view.is_busy:
                act()

    def _forget_later(self, view: FormView) -> None:
        self._cancel_forgetting()
        self._cancel_forgetting = call_later(FORGET_AFTER, lambda: self._if_idle(view, view.forget_secrets))

    def _count_down(self, view: FormView, end: float, *, is_first: bool = True) -> None:
        """Disable a view until the server takes a login again, and say how long that is."""
        left = end - time.monotonic()
        with self._lock:
            if view is not self._view:
                return
            view.is_busy = left > 0
            self._set_cell_running(is_running=self._is_cell_running)
            if view.is_busy:
                wait = format_duration(timedelta(seconds=math.ceil(left)))
                if is_first:
                    view.show_message(
                        f"The server takes no more logins of this user for now: wait {wait}.", is_error=True
                    )
                view.show_count(f"{wait} left")
                call_later(min(1.0, left), lambda: self._count_down(view, end, is_first=False))
                return
            view.show_message("You can log in again now.")

    # From Enter or a click to what came of it

    def _begin(self, view: FormView) -> bool:
        """Take note of Enter or a click; return whether that is to be acted on: it is once."""
        with self._lock:
            if view is not self._view or view.is_busy:
                return False
            view.is_busy = True
        began = time.monotonic()
        self._stop_counting = call_later(AT_ONCE, lambda: self._count_up(view, began))
        return True

    def _submit_soon(self, view: FormView) -> None:
        """Submit after Enter or a click when all that was typed has arrived."""
        if self._begin(view):
            view.when_settled(lambda: self._submit(view))

    def _submit_at_once(self, view: FormView) -> None:
        """Submit what has come together with Enter or a click."""
        if self._begin(view):
            self._submit(view)

    def _count_up(self, view: FormView, began: float, *, is_first: bool = True) -> None:
        """Show that a login is under way, and for how long, until what comes of it is shown."""
        with self._lock:
            if view is self._view:
                if is_first:
                    view.show_progress()
                if seconds := int(time.monotonic() - began):
                    view.show_count(f"{seconds} s so far")
                self._stop_counting = call_later(1.0, lambda: self._count_up(view, began, is_first=False))

    def _submit(self, view: FormView) -> None:
        with self._lock:
            if view is not self._view or not view.is_busy or view.is_sent:
                return
            if empty := view.empty_labels():
                # With new fields, since a cell that awaits gets one value of each.
                missing = f"Still missing: {' and '.join(empty)}."
                self._show_step(view.step._replace(message=missing, is_error=True), view.values)
                return
            view.is_sent = True
            answers = dict(view.values)
            if view.challenge is None:
                self._kept = {name: value for name, value in answers.items() if name != "password"}

        def act() -> Token | Challenge:
            is_first = view.challenge is None
            return self._attempt.start(answers) if is_first else self._attempt.answer(answers[ANSWER])

        run_in_background(lambda: safe_call(act), lambda outcome: self._finish(view, outcome))

    def _finish(self, view: FormView, outcome: Token | Challenge | Failure) -> None:
        # Whoever is called back about the login finds the lock free.
        with callbacks.held(), self._lock:
            if view is not self._view:  # ended in the meantime
                if isinstance(outcome, Token):
                    unwanted = outcome
                    run_in_background(lambda: safe_call(lambda: self._on_unwanted(unwanted)), lambda _: None)
                return
            if isinstance(outcome, Challenge):
                self._refused = 0
                self._show_step(challenge_step(outcome), {})
                return
            if isinstance(outcome, Failure):
                self._ask_again(outcome)
                return
            token = outcome
            self._is_storing = True
            stored = safe_call(lambda: self._on_success(token))
            self._is_storing = False
            if isinstance(stored, Failure):
                self._ask_again(stored)
            else:
                self._close(stored)

    def _ask_again(self, failure: Failure) -> None:
        error = failure.error or EtnaError(f"The login did not work: {failure.reason}.")
        if isinstance(error, ApplicationKeyError) or getattr(error, "setting", "") == "app_key":
            self._kept.pop("app_key", None)
        self._refused += is_refusal(error)
        self._ask_credentials(error)

    # While a cell runs

    def _watch_cells(self) -> None:
        shell = get_ipython()
        if shell is not None:
            self._events = shell.events
            self._events.register("pre_run_cell", self._before_cell)
            self._events.register("post_run_cell", self._after_cell)

    def _unwatch_cells(self) -> None:
        if self._events is not None:
            with contextlib.suppress(ValueError):  # another form's end may have taken them away
                self._events.unregister("pre_run_cell", self._before_cell)
                self._events.unregister("post_run_cell", self._after_cell)
            self._events = None

    def _before_cell(self, _: object) -> None:
        self._set_cell_running(is_running=True)

    def _after_cell(self, _: object) -> None:
        self._set_cell_running(is_running=False)

    def _set_cell_running(self, *, is_running: bool) -> None:
        with self._lock:
            self._is_cell_running = is_running
            if self._view is not None:
                can_use = not is_running and not self._view.is_busy
                self._view.enable(is_enabled=can_use, can_cancel=not is_running)
