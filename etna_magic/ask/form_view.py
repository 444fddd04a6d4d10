"""The widgets of one step of the login form; every step and every try gets new ones.

JupyterLab's front end and ipykernel hand a widget's messages to whichever thread published on it
last, and hold back a second value while a cell awaits. New widgets have neither trouble.
"""

from __future__ import annotations

import base64
from contextvars import copy_context
from html import escape
from typing import TYPE_CHECKING, NamedTuple

import ipywidgets

from etna_magic.ask.event_loop import call_later
from etna_magic.ask.form_page import Heading, close_tree
from etna_magic.ask.form_widgets import AnswersField, ButtonRow, CodeField, UnseenField
from etna_magic.exceptions import (
    ApplicationKeyError,
    ConnectionFailedError,
    EtnaError,
    InsecureURLError,
    InvalidCredentialsError,
    UnexpectedResponseError,
)
from etna_magic.login_flow import Challenge, ChallengeKind
from etna_magic.secret import Secret
from etna_magic.settings import LABELS, UNSEEN, check_typed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from etna_magic.ask.form_page import FormPage
    from etna_magic.settings import Settings

#: The field of a challenge.
ANSWER = "answer"
_KEPT = "•••••••• (kept)"
# Wrong passwords in a row from which on a form warns: two tries before an account is usually locked.
_MANY = 3
_HINTS = {
    ChallengeKind.CODE: ("Code", "Look for the code that was sent to you by e-mail or SMS."),
    ChallengeKind.PIN: ("PIN", "Type the PIN of your account."),
}


class Step(NamedTuple):
    """What the form asks for at one step, and in which words.

    Parameters
    ----------
    title, message : str
        What is above and below the fields; both are escaped where they are shown.
    fields : mapping of str to (label, is_unseen)
        What to ask for.
    is_error : bool
        Whether the message says what went wrong.
    challenge : Challenge or None, optional
        What the server asks for; None at the first step.
    note : str, optional
        What else there is to say, in a line of its own.
    about : str, optional
        The field that the message is about; empty if it is about none of them.
    """

    title: str
    message: str
    fields: Mapping[str, tuple[str, bool]]
    is_error: bool
    challenge: Challenge | None = None
    note: str = ""
    about: str = ""


def is_refusal(error: EtnaError) -> bool:
    """Whether a server refused user name and password, and has counted that."""
    return isinstance(error, InvalidCredentialsError) and not error.setting


def field_of(error: EtnaError) -> str:
    """Return the setting that an error is about, or nothing."""
    if isinstance(error, InvalidCredentialsError):
        return error.setting or "password"
    if isinstance(error, ApplicationKeyError):
        return "app_key"
    # What answers there is no server of ETNA's, or nothing answers at all.
    is_elsewhere = isinstance(error, (InsecureURLError, ConnectionFailedError, UnexpectedResponseError))
    return "base_url" if is_elsewhere else ""


def credentials_step(settings: Settings, error: EtnaError | None, refused: int = 0) -> Step:
    """Return the first step, which asks for the settings that are missing.

    Parameters
    ----------
    settings : Settings
        What is known.
    error : EtnaError or None
        Why it is asked for again.
    refused : int, optional
        How often in a row the server has refused what this form sent.
    """
    note = f"Refused {refused} times in a row." if refused > 1 else ""
    if refused >= _MANY:
        note += " Many brokers lock an account after five."
    return Step(
        "Log in to ETNA",
        str(error or ""),
        {name: (LABELS[name], name in UNSEEN) for name in settings.missing},
        is_error=error is not None,
        note=note if error is not None and is_refusal(error) else "",
        about=field_of(error) if error is not None else "",
    )


def challenge_step(challenge: Challenge) -> Step:
    """Return the step that answers a challenge."""
    label, hint = _HINTS[challenge.kind]
    reason = f"The server says: {challenge.message}. " if challenge.message else ""
    return Step(
        f"Log in to ETNA: enter the {challenge.kind.value}",
        reason + hint if challenge.failure is None else str(challenge.failure),
        {ANSWER: (label, challenge.kind is ChallengeKind.PIN)},
        is_error=challenge.failure is not None or challenge.wrong > 0,
        about=ANSWER,
        challenge=challenge,
    )


def _show_box(label: str) -> str:
    """Return a box to tick that shows what is typed; the page does it, and the kernel hears nothing of it."""
    what = label if label.isupper() else label.lower()
    return f'<label><input type="checkbox"><span>Show {escape(what)}</span></label>'


def _proof(challenge: Challenge | None) -> str:
    """Return the phrase and the picture by which a genuine server is known, as HTML."""
    if challenge is None or not (challenge.phrase or challenge.image):
        return ""
    picture = base64.b64encode(challenge.image).decode()
    source = f'src="data:image/png;base64,{picture}"'
    image = f'<img alt="your picture" {source}>' if picture else ""
    phrase = f"Your phrase: <b>{escape(challenge.phrase)}</b>" if challenge.phrase else ""
    advice = "<div>Go on only if this is yours.</div>"
    return f'<div class="etna-proof">{phrase}{image}{advice}</div>'


class FormView:
    """Fields, boxes to tick and buttons.

    Secrets that are typed do not stay in their widgets: a notebook that is saved with the state of
    its widgets would have them on disk.

    Parameters
    ----------
    step : Step
        What to ask for.
    page : FormPage
        Where it is shown.
    values : mapping of str to Secret
        What is known of that: shown if it is no secret, and kept unseen if it is one.
    is_awaited : bool, optional
        Whether a cell waits for it: the front end sends a field's first value then and holds
        back the later ones, so that a field that was used is replaced by a new one.
    remembers : bool or None, optional
        Whether the box is ticked that has the token remembered; None for no such box.
    """

    def __init__(
        self,
        step: Step,
        page: FormPage,
        values: Mapping[str, Secret],
        *,
        is_awaited: bool = False,
        remembers: bool | None = None,
    ) -> None:
        self.challenge = step.challenge
        #: Whether it cannot be used now: a login is under way, or the server asks to wait.
        self.is_busy = False
        #: Whether its answers are on their way to the server.
        self.is_sent = False
        self.values = {name: values[name] for name in step.fields if name in values}
        #: Called on Enter; when a value has come; and when all have come at once, at Enter or a click.
        self.on_enter: Callable[[], None] = lambda: None
        self.on_value: Callable[[], None] = lambda: None
        self.on_answers: Callable[[], None] = lambda: None
        self.step = step
        self._heading = Heading("", "")
        # The field of which the message says that it cannot be used.
        self._unusable = ""
        self._page = page
        self._is_awaited = is_awaited
        unseen = [name for name, (_, is_unseen) in step.fields.items() if is_unseen]
        # One box for one field: the password, or what is asked for instead.
        self._shown = unseen[-1] if unseen else ""
        # What publishes on a widget decides which thread serves it: always the one that runs cells.
        self._context = copy_context()
        self._row = ButtonRow().add_class("etna-buttons")
        self.fields = {name: self._new_field(name) for name in step.fields}
        # Each in a box of its own, so that replacing one changes nothing about the others.
        self._boxes = {name: ipywidgets.VBox([field]) for name, field in self.fields.items()}
        ticks = () if remembers is None else (self._new_tick(is_ticked=remembers),)
        self._ticks = ipywidgets.VBox(ticks)
        #: Called when the box is ticked or not any more.
        self.on_remember: Callable[[bool], None] = lambda _: None
        self.buttons: list[ipywidgets.Button] = []
        self._cancel: ipywidgets.Button | None = None
        self._show = ipywidgets.HTML(_show_box(step.fields[self._shown][0])) if unseen else None
        self._answers = AnswersField(continuous_update=False, layout={"display": "none"})
        self._answers.add_class("etna-answers")
        self._answers.observe(lambda _: self._in_cell(self._receive_answers), "value")

    def add_button(self, label: str, style: str, act: Callable[[], object]) -> ipywidgets.Button:
        """Add a button and what a click on it does."""
        button = ipywidgets.Button(description=label, button_style=style)
        button.add_class(f"etna-{label.lower().replace(' ', '-')}")
        button.on_click(lambda _: self._in_cell(act))
        self.buttons.append(button)
        self._row.children = (*self._row.children, button)
        return button

    def add_cancel(self, act: Callable[[], object]) -> None:
        """Add the button that leaves all as it is, which can be used while the others cannot."""
        self._cancel = self.add_button("Cancel", "", act)

    def show(self, heading: Heading) -> None:
        """Show it on its page, under this heading."""
        self._heading = heading
        for name, value in dict(self.values).items():  # of the try before
            self._take(name, value)
        self._page.show(self._heading, self.step.title, _proof(self.challenge), self.children())
        self._page.say(self.step.message, self.step.note, is_error=self.step.is_error)

    def children(self) -> tuple[ipywidgets.Widget, ...]:
        """Return what the form's page shows."""
        show = (self._show.add_class("etna-show"),) if self._show else ()
        return (*self._boxes.values(), *show, self._ticks, self._answers, self._row)

    def when_settled(self, act: Callable[[], object]) -> None:
        """Call something, once, when all that was typed before now has arrived."""
        self._row.when_settled(lambda: self._in_cell(act))

    def _in_cell(self, act: Callable[..., object], *arguments: object) -> None:
        self._context.copy().run(act, *arguments)

    def empty_labels(self) -> list[str]:
        """Return the labels of the fields that have nothing in them."""
        return [field.description for name, field in self.fields.items() if not self.values.get(name)]

    def show_message(self, message: str, *, is_error: bool = False) -> None:
        """Show a message beside the fields."""
        self._page.say(message, is_error=is_error)

    def show_progress(self) -> None:
        """Say that a login is under way; meanwhile it can only be cancelled."""
        self.show_message("Logging in…")
        self._page.head(self._heading)
        for name in self.values:
            if self._is_secret(name):
                self.fields[name].placeholder = _KEPT
        self.enable(is_enabled=False, can_cancel=True)

    def show_count(self, text: str) -> None:
        """Show beside the message how long something takes: it changes each second, and is not read out."""
        self._page.count(text)

    def enable(self, *, is_enabled: bool, can_cancel: bool | None = None) -> None:
        """Let a user type into the fields and click the buttons, or not."""
        for widget in (*self.fields.values(), *self._ticks.children, *self.buttons):
            is_cancel = widget is self._cancel and can_cancel is not None
            widget.disabled = not (can_cancel if is_cancel else is_enabled)

    def forget_secrets(self) -> None:
        """Drop the secrets that were typed."""
        for name, field in self.fields.items():
            if self._is_secret(name):
                self.values.pop(name, None)
                field.placeholder = ""

    def close(self) -> None:
        """Take the widgets away, here and in the front end."""
        self.values = {}
        self._row.stop()
        for widget in self.children():
            close_tree(widget)

    def _new_field(self, name: str) -> ipywidgets.Text:
        label, is_unseen = self.step.fields[name]
        field_type = UnseenField if is_unseen else CodeField if name == ANSWER else ipywidgets.Text
        is_kept, is_secret = name in self.values, self._is_secret(name)
        field = field_type(
            value=self.values[name].get_secret_value() if is_kept and not is_secret else "",
            placeholder=_KEPT if is_kept and is_secret else "",
            description=label,
            continuous_update=False,
        )
        if name == ANSWER and self.challenge is not None:
            field.add_class(f"etna-{self.challenge.kind.value.lower()}")
        if name == self.step.about:
            field.add_class("etna-wrong")
        if name == self._shown:
            field.add_class("etna-shown")
        if is_secret:
            field.add_class("etna-secret")
        field.observe(lambda change: self._in_cell(self._receive_value, name, change), "value")
        field.on_msg(lambda _, content, __: self._in_cell(self._receive_message, content))
        return field

    def _new_tick(self, *, is_ticked: bool) -> ipywidgets.Checkbox:
        tick = ipywidgets.Checkbox(
            value=is_ticked,
            description="Remember on this machine: the token, not the password",
            indent=False,
        ).add_class("etna-remember")
        tick.observe(lambda change: self._in_cell(self._receive_tick, change), "value")
        return tick

    def _receive_tick(self, change: Mapping[str, bool]) -> None:
        is_ticked = change["new"]
        self.on_remember(is_ticked)
        if self._is_awaited:
            call_later(0.0, lambda: self._replace_tick(is_ticked=is_ticked))

    def _replace_tick(self, *, is_ticked: bool) -> None:
        """Put a new box where one was used; as for a field."""
        (old,) = self._ticks.children
        if old.comm is not None:
            self._ticks.children = (self._new_tick(is_ticked=is_ticked),)
            close_tree(old)

    def _is_secret(self, name: str) -> bool:
        # A one-time code is seen while it is typed, and is a secret all the same.
        return name == ANSWER or self.step.fields[name][1]

    def _receive_value(self, name: str, change: Mapping[str, object]) -> None:
        value = Secret(str(change["new"]))
        if self._is_secret(name):
            if not value:
                return  # our own clearing, below, arrives here as well
            field = self.fields[name]
            # In one message: an empty field that says nothing looks as if nothing had been typed.
            with field.hold_sync():
                field.value = ""
                field.placeholder = _KEPT
        self._take(name, value)
        self._page.head(self._heading)
        self._look_at(name, value)
        if self._is_awaited:
            call_later(0.0, lambda: self._replace_field(name))
        self.on_value()

    def _receive_answers(self) -> None:
        answers = self._answers.take(self.step.fields)
        if self.is_busy or not answers:
            return  # Enter a second time, our own clearing, or nothing of the form's script
        for name, value in answers.items():
            # A secret that has come before is no longer in its field.
            if value or not self._is_secret(name):
                self._take(name, value)
        self.on_answers()

    def _take(self, name: str, value: Secret) -> None:
        self.values[name] = value
        if name == "username":
            self._heading = self._heading._replace(username=value.get_secret_value())
        elif name == "base_url":
            self._heading = self._heading._replace(base_url=value.get_secret_value())

    def _look_at(self, name: str, value: Secret) -> None:
        """Show at once whether a value can be used, before more is typed in vain."""
        if name == ANSWER or not value:
            return
        try:
            check_typed(name, value)
        except EtnaError as error:
            self._unusable = name
            self.show_message(str(error), is_error=True)
        else:
            if self._unusable == name:
                self._unusable = ""
                self.show_message("")

    def _replace_field(self, name: str) -> None:
        """Put a new field where one was used."""
        old = self.fields[name]
        if old.comm is None:
            return  # the view was closed in the meantime
        self.fields[name] = self._new_field(name)
        self.fields[name].disabled = old.disabled
        self._boxes[name].children = (self.fields[name],)
        close_tree(old)

    def _receive_message(self, content: Mapping[str, object]) -> None:
        if content.get("event") == "submit":
            self.on_enter()
