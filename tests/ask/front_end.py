"""A form without a kernel or a browser: its widgets get the messages that a front end sends."""

import asyncio
import json
from collections.abc import Callable, Sequence

import ipywidgets
import pytest
from IPython.core.events import EventManager
from ipywidgets.widgets.widget_link import DirectionalLink

from etna_magic.ask.form import LoginForm
from etna_magic.ask.form_view import FormView
from etna_magic.display import Bundle, line
from etna_magic.exceptions import EtnaError
from etna_magic.login_flow import Challenge
from etna_magic.settings import Settings
from etna_magic.token import Token
from tests.ask.conftest import ScriptedAttempt

#: The form's waits are this short here, in seconds.
SOON = 0.02


def type_text(view: FormView, name: str, text: str) -> None:
    """Send a value as a front end does when a field is left."""
    view.fields[name].comm.handle_msg(_message(method="update", state={"value": text}, buffer_paths=[]))


def press_enter(view: FormView, name: str, text: str | None = None) -> None:
    """Send Enter, and after it the value that it ends, if there is a new one."""
    view.fields[name].comm.handle_msg(_message(method="custom", content={"event": "submit"}))
    if text is not None:
        type_text(view, name, text)


def send_all(view: FormView, *texts: str) -> None:
    """Send what is in the fields as ``form.js`` does at Enter or a click."""
    state = {"value": json.dumps(texts)}
    view._answers.comm.handle_msg(_message(method="update", state=state, buffer_paths=[]))


def click(view: FormView, label: str) -> None:
    """Send a click on a button."""
    (button,) = [button for button in view.buttons if button.description == label]
    button.comm.handle_msg(_message(method="custom", content={"event": "click"}))


def texts(view: FormView) -> list[str]:
    """Return the HTML of the form's heading and of what it says."""
    page = view._page
    return [page.heading.value, f"{page.error.value}{page.said.value} {page._count.value}".strip()]


def _in_a_moment(act: Callable[[], object]) -> None:
    try:
        asyncio.get_running_loop().call_later(SOON, act)
    except RuntimeError:
        act()


def _message(**data: object) -> dict[str, object]:
    return {"content": {"data": data}, "buffers": []}


class ShownForm:
    """A form that is shown, with what it was sent, what it displayed, and the events of cells.

    Parameters
    ----------
    monkeypatch : pytest.MonkeyPatch
        Puts a display and a shell there, and makes the form's waits short.
    outcomes : sequence
        What comes of each step, one after the other.
    on_success : callable, optional
        Stores the token.
    settings : Settings, optional
        What is known.
    is_awaited : bool, optional
        Whether a cell awaits it.
    challenge : Challenge or None, optional
        The step to begin with.
    """

    def __init__(  # noqa: PLR0913 - all but one have a default
        self,
        monkeypatch: pytest.MonkeyPatch,
        outcomes: Sequence[Token | Challenge | EtnaError] = (),
        on_success: Callable[[Token], Bundle] = lambda token: line(f"In as {token.username}."),
        settings: Settings | None = None,
        *,
        is_awaited: bool = False,
        challenge: Challenge | None = None,
    ) -> None:
        monkeypatch.setattr("etna_magic.ask.form.display", self._display)
        monkeypatch.setattr("etna_magic.ask.form.get_ipython", lambda: self)
        monkeypatch.setattr("etna_magic.ask.form.AT_ONCE", SOON)
        monkeypatch.setattr("etna_magic.ask.form_widgets.ipywidgets.jsdlink", self._link)
        #: Whether this front end knows links between widgets.
        self.has_links = True
        self.events = EventManager(self, ["pre_run_cell", "post_run_cell", "pre_execute", "post_execute"])
        self.shown: list[Bundle] = []
        self.ends = 0
        self.attempt = ScriptedAttempt(outcomes, settings or Settings({}))
        self.unwanted: list[Token] = []
        self.form = LoginForm(
            "etna", self.attempt, on_success, self._count_end, self.unwanted.append, is_awaited=is_awaited
        )
        self.form.show(challenge)

    def _display(self, bundle: Bundle, *, raw: bool, display_id: bool):
        assert raw
        assert display_id
        self.update(bundle, raw=raw)
        return self  # the handle is what has `update`

    def update(self, bundle: Bundle, *, raw: bool) -> None:
        """Take what is displayed."""
        assert raw
        self.shown.append(bundle)

    def _link(self, source: tuple[ipywidgets.Widget, str], target: tuple[ipywidgets.Widget, str]):
        """Copy a value from one widget to another as a front end does, a moment after it has changed."""
        (widget, attribute), (other, copy) = source, target
        link = DirectionalLink(source, target)

        def send(answer: int) -> None:
            if other.comm is not None:
                state = {copy: answer}
                other.comm.handle_msg(_message(method="update", state=state, buffer_paths=[]))

        widget.observe(lambda c: self.has_links and _in_a_moment(lambda: send(c["new"])), attribute)
        return link

    def _count_end(self) -> None:
        self.ends += 1

    @property
    def view(self) -> FormView:
        """The step that is shown."""
        assert self.form._view is not None
        return self.form._view

    @property
    def line(self) -> str:
        """What is shown instead of the form: in its widget, and where that was displayed."""
        assert self.form._view is None
        (line,) = self.form._page.box.children
        assert self.shown[-1]["text/html"] == line.value
        return self.shown[-1]["text/plain"]

    @property
    def fields(self) -> list[str]:
        """The names of the fields that are shown."""
        return list(self.view.fields)

    @property
    def is_usable(self) -> bool:
        """Whether fields and buttons can be used; "Cancel" may be usable by itself."""
        buttons = [button for button in self.view.buttons if button.description != "Cancel"]
        (disabled,) = {widget.disabled for widget in (*self.view.fields.values(), *buttons)}
        return not disabled

    def fill(self, *, leave_out: Sequence[str] = ()) -> None:
        """Type into each field."""
        for name in self.fields:
            if name not in leave_out:
                type_text(self.view, name, ANSWERS[name])

    async def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(SOON / 4)

    async def wait_for_text(self, text: str) -> None:
        """Wait until the step that is shown says something."""
        await self.wait_for(lambda: text in texts(self.view)[-1])

    async def wait_for_end(self) -> str:
        """Wait until the form has ended, and return the line that is shown instead."""
        await self.wait_for(lambda: self.ends)
        return self.line


ANSWERS = {"base_url": "https://api.example.com", "app_key": "S2V5", "username": "alice", "password": "pw-17"}
