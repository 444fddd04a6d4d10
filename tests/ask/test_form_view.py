"""The widgets of one step: what is shown is text, and what was typed stays in no widget."""

import asyncio
import base64
import html
import re

import ipywidgets
import pytest

from etna_magic.ask.form_page import FormPage, Heading
from etna_magic.ask.form_view import (
    ANSWER,
    FormView,
    Step,
    challenge_step,
    credentials_step,
)
from etna_magic.ask.form_widgets import CodeField, UnseenField
from etna_magic.display import badge
from etna_magic.exceptions import (
    ApplicationKeyError,
    ConnectionFailedError,
    EtnaError,
    InsecureURLError,
    InvalidCredentialsError,
    RateLimitedError,
    UnexpectedResponseError,
)
from etna_magic.login_flow import Challenge
from etna_magic.secret import Secret
from etna_magic.settings import Setting, Settings
from tests.ask.conftest import ASKED_FOR_CODE, ASKED_FOR_PIN
from tests.ask.front_end import press_enter, send_all, texts, type_text

MARKUP = "<img src=x onerror=alert(1)>"
FIELDS = {"username": ("Username", False), "password": ("Password", True)}


HEADING = Heading("alice", "https://api.example.com")


def shown(step: Step, heading: Heading = HEADING, *, is_awaited: bool = False, **known: Secret) -> FormView:
    """Return a step that is shown."""
    view = FormView(step, FormPage(), known, is_awaited=is_awaited)
    view.show(heading)
    return view


def view_of(title: str = "", message: str = "", *, is_awaited: bool = False, **known: Secret) -> FormView:
    """Return a step that asks for a user name and a password."""
    return shown(Step(title, message, FIELDS, is_error=False), is_awaited=is_awaited, **known)


def test_title_and_message_are_escaped() -> None:
    """Markup in either is shown as text; so it is in what is said later."""
    view = view_of(MARKUP, MARKUP)
    assert [(0, 1)] * 2 == [(page.count("<img"), page.count("&lt;img src=x")) for page in texts(view)]
    view.show_message(f"{MARKUP} again", is_error=True)
    assert (0, 1) == (texts(view)[1].count("<img"), texts(view)[1].count("&lt;img"))


def test_a_password_leaves_its_widget_at_once() -> None:
    """It is kept in Python; the field says so, and its repr shows nothing."""
    view = view_of()
    type_text(view, "password", "Hunter2-typed")
    field = view.fields["password"]
    assert ("Hunter2-typed", "") == (view.values["password"].get_secret_value(), field.value)
    assert "kept" in field.placeholder
    assert "Hunter2" not in f"{field!r} {view.values!r}"


def test_a_user_name_stays() -> None:
    """What is no secret is shown as it was typed, and as it was known."""
    view = view_of(username=Secret("demo"))
    assert "demo" == view.fields["username"].value
    type_text(view, "username", "alice")
    assert ("alice", "alice") == (view.fields["username"].value, view.values["username"].get_secret_value())


def test_a_secret_that_is_known_is_not_shown() -> None:
    """The field says that it is kept."""
    field = view_of(password=Secret("Hunter2")).fields["password"]
    assert ("", True) == (field.value, "kept" in field.placeholder)


def test_forgetting() -> None:
    """The password goes, and the field says no more that one is kept; the user name stays."""
    view = view_of(username=Secret("demo"))
    type_text(view, "password", "Hunter2-typed")
    view.forget_secrets()
    assert (["username"], ["Password"]) == (list(view.values), view.empty_labels())
    assert "" == view.fields["password"].placeholder


def test_closing() -> None:
    """No value and no widget is left."""
    view = view_of(username=Secret("demo"))
    before = view.children()
    view.close()
    assert ({}, {None}) == (view.values, {widget.comm for widget in before})


def test_enter_and_values_are_passed_on() -> None:
    """Each when it comes, and all that come at once when they can be read; none is left in a widget."""
    view, seen = view_of(), []
    view.on_enter = lambda: seen.append("enter")
    view.on_value = lambda: seen.append("value")
    view.on_answers = lambda: seen.append([value.get_secret_value() for value in view.values.values()])
    press_enter(view, "password", "pw-17")
    send_all(view, "alice", "pw-18")
    assert ["enter", "value", ["pw-18", "alice"]] == seen
    assert "" == view._answers.value
    assert not view._answers.traits()["value"].metadata["echo_update"]


@pytest.mark.parametrize("sent", ["no JSON", "5", "{}", '["alice"]', '["alice", "pw-17", "246810"]'])
def test_what_the_forms_script_does_not_send(sent: str) -> None:
    """It is dropped: nothing is begun, no value is put into another's field, and the form can be used on."""
    view, seen = view_of(), []
    view.on_answers = lambda: seen.append("answers")
    view._answers.value = sent
    assert ("", {}, []) == (view._answers.value, view.values, seen)
    send_all(view, "alice", "pw-17")
    assert (["answers"], {"username", "password"}) == (seen, set(view.values))


def test_a_field_that_a_cell_awaits_is_replaced_once_used() -> None:
    """The new one takes the next value; it is disabled if the old one was."""
    errors: list[dict[str, object]] = []

    async def use() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
        view = view_of(is_awaited=True)
        old = view.fields["password"]
        view.enable(is_enabled=False)
        type_text(view, "password", "first")
        await asyncio.sleep(0.01)
        new = view.fields["password"]
        assert (False, None, True) == (new is old, old.comm, new.disabled)
        type_text(view, "password", "second")
        assert "second" == view.values["password"].get_secret_value()
        view.close()
        # The replacement that is under way finds the view closed.
        await asyncio.sleep(0.01)
        assert view.fields["password"].comm is None

    asyncio.run(use())
    assert [] == errors


def test_the_first_step() -> None:
    """It says who and where as far as that is known, and asks for the rest."""
    step = credentials_step(Settings({}), None)
    assert ("Log in to ETNA", "", False) == (step.title, step.message, step.is_error)
    assert ["base_url", "app_key", "username", "password"] == list(step.fields)
    known = {"username": Secret("alice"), "base_url": Secret("https://api.example.com")}
    step = credentials_step(Settings({}).filled(known), InvalidCredentialsError("Refused."))
    assert ("Log in to ETNA", "Refused.", True) == (
        step.title,
        step.message,
        step.is_error,
    )
    assert {"app_key": ("App key", True), "password": ("Password", True)} == step.fields


def texts_of(view: FormView) -> list[str]:
    """Return what the heading and the message say, without tags and without doubled blanks."""
    pages = [re.sub('<span class="etna-option">(.*?)</span>', r"\1", page) for page in texts(view)]
    return [
        " ".join(html.unescape(re.sub("<[^>]*>", " ", page.replace("<wbr>", ""))).split()) for page in pages
    ]


KNOWN = {
    "base_url": Setting(Secret("https://pub-api-x-demo-prod.etnasoft.us/api"), "", "in .env line 1"),
    "app_key": Setting(Secret("S2V5"), "", "from the environment"),
    "username": Setting(Secret("alice"), "", "from --username"),
    "pin": Setting(Secret("1357"), "", "in .env line 4"),
}


def test_the_heading_of_what_is_known() -> None:
    """Who, where, the badge, and where each value is from, before anything is typed; no secret among it."""
    heading = texts_of(shown(credentials_step(Settings(KNOWN), None), Heading.of(Settings(KNOWN))))[0]
    assert (
        "Log in to ETNA DEMO as alice at https://pub-api-x-demo-prod.etnasoft.us/api Known: base URL in .env "
        "line 1, app key from the environment, username from --username, PIN in .env line 4."
    ) == heading


def test_the_heading_of_reads_only() -> None:
    """It says so before anything is typed."""
    heading = Heading.of(Settings(KNOWN), is_read_only=True).html("Log in")
    assert badge("DEMO", is_read_only=True) in heading


def test_the_box_that_a_cell_awaits_is_replaced_once_used() -> None:
    """A second tick would be held back by the front end; the view's owner is told of each."""

    async def use() -> None:
        view = FormView(
            credentials_step(Settings({}), None), FormPage(), {}, is_awaited=True, remembers=False
        )
        seen: list[bool] = []
        view.on_remember = seen.append
        for is_ticked in (True, False):
            (tick,) = view._ticks.children
            tick.value = is_ticked
            await asyncio.sleep(0.01)
            assert (None, is_ticked) == (tick.comm, view._ticks.children[0].value)
        assert [True, False] == seen
        view._ticks.children[0].value = True
        view.close()
        await asyncio.sleep(0.01)

    asyncio.run(use())


def test_the_heading_of_nothing_known() -> None:
    """What is to be typed is said, and no badge claims to know where that leads."""
    heading = texts_of(shown(credentials_step(Settings({}), None), Heading.of(Settings({}))))[0]
    assert "Log in to ETNA at a base URL that is still to be typed" == heading


def test_the_heading_follows_what_is_typed() -> None:
    """Host and badge appear when the base URL is left, and the user with them; a bad URL is said at once."""
    view = shown(credentials_step(Settings({}), None), Heading.of(Settings({})))
    type_text(view, "base_url", "http://api.example.com")
    heading, message = texts_of(view)
    assert ("still to be typed", True) == (heading[-17:], "http://api.example.com" in message)
    type_text(view, "base_url", "https://api.example.com/token")
    type_text(view, "username", "alice")
    assert ["Log in to ETNA LIVE as alice at https://api.example.com", ""] == texts_of(view)


def test_the_same_error_twice_is_two_changes() -> None:
    """A screen reader reads out what changes."""
    view, seen = view_of(), []
    view._page.error.observe(lambda change: seen.append(bool(change["new"])), "value")
    for _ in range(2):
        view.show_message("The code is wrong.", is_error=True)
    assert [True, False, True] == seen


def test_a_count_changes_nothing_of_what_was_said() -> None:
    """Each second would be read out otherwise; it goes with the message."""
    view, seen = view_of("", "Logging in…"), []
    view._page.said.observe(seen.append, "value")
    for seconds in (1, 2):
        view.show_count(f"{seconds} s so far")
        assert f"Logging in… {seconds} s so far" == texts(view)[1]
    assert [] == seen
    view.show_message("Done.")
    assert "Done." == texts(view)[1]


def test_a_value_that_cannot_be_used_is_said_at_once() -> None:
    """Of a secret as well, without it; a good value takes the message away, another field's does not."""
    view = shown(credentials_step(Settings({}), None))
    type_text(view, "password", "Hunter2-typed ")
    assert (True, False) == ("password" in texts_of(view)[1], "Hunter2" in texts_of(view)[1])
    type_text(view, "username", "alice")
    assert "password" in texts_of(view)[1]
    type_text(view, "password", "Hunter2-typed")
    assert "" == texts_of(view)[1]


REFUSED = InvalidCredentialsError("The server refused the password.")


@pytest.mark.parametrize(
    ("error", "refused", "message"),
    [
        (REFUSED, 1, "The server refused the password."),
        (REFUSED, 2, "The server refused the password. Refused 2 times in a row."),
        (
            REFUSED,
            3,
            "The server refused the password. Refused 3 times in a row. "
            "Many brokers lock an account after five.",
        ),
        (InvalidCredentialsError("The password ends in a space.", "password"), 3, None),
        (ConnectionFailedError("No answer came."), 3, None),
    ],
)
def test_how_often_it_was_refused(error: EtnaError, refused: int, message: str | None) -> None:
    """It is counted after the first, warned of from the third on, and left out where no server refused."""
    step = credentials_step(Settings(KNOWN), error, refused)
    assert (message or str(error)) == texts_of(shown(step))[1]


@pytest.mark.parametrize(
    ("error", "field"),
    [
        (REFUSED, "password"),
        (InvalidCredentialsError("The username is empty.", "username"), "username"),
        (ApplicationKeyError("It is not known."), "app_key"),
        (InsecureURLError("It is not https."), "base_url"),
        (ConnectionFailedError("No answer came."), "base_url"),
        (UnexpectedResponseError("That is the web terminal."), "base_url"),
        (RateLimitedError("Too many logins."), ""),
    ],
)
def test_the_field_that_an_error_is_about(error: EtnaError, field: str) -> None:
    """It is marked: the page puts the cursor there."""
    view = shown(
        credentials_step(Settings({}), error),
        base_url=Secret("https://api.example.com"),
        app_key=Secret("S2V5"),
        username=Secret("alice"),
    )
    marked = [name for name, widget in view.fields.items() if "etna-wrong" in widget._dom_classes]
    assert ([field] if field else []) == marked


def test_show_password() -> None:
    """One box for the password, or for what is asked for instead of it; none where all is seen."""
    for step, label in (
        (credentials_step(Settings({}), None), "Show password"),
        (credentials_step(Settings(KNOWN | {"app_key": KNOWN["pin"]}), None), "Show password"),
        (challenge_step(ASKED_FOR_PIN), "Show PIN"),
        (challenge_step(ASKED_FOR_CODE), None),
    ):
        view = shown(step)
        boxes = [one.value for one in view.children() if "etna-show" in one._dom_classes]
        fields = [name for name, field in view.fields.items() if "etna-shown" in field._dom_classes]
        assert ([label] if label else []) == [re.sub("<[^>]*>", "", box) for box in boxes]
        assert len(fields) == len(boxes)


@pytest.mark.parametrize(
    ("challenge", "title", "message", "is_error"),
    [
        (
            ASKED_FOR_CODE,
            "Log in to ETNA: enter the code",
            "The server says: Expecting confirmation code. "
            "Look for the code that was sent to you by e-mail or SMS.",
            False,
        ),
        (ASKED_FOR_PIN, "Log in to ETNA: enter the PIN", "Type the PIN of your account.", False),
        (
            ASKED_FOR_PIN._replace(wrong=1),
            "Log in to ETNA: enter the PIN",
            "The server says: Invalid pin. Type the PIN of your account.",
            True,
        ),
        (
            ASKED_FOR_CODE._replace(failure=ConnectionFailedError("No answer came.")),
            "Log in to ETNA: enter the code",
            "No answer came.",
            True,
        ),
    ],
)
def test_the_step_of_a_challenge(challenge, title: str, message: str, *, is_error: bool) -> None:
    """It says what the server says and what to type, or why the answer before was not sent."""
    step = challenge_step(challenge)
    assert (title, message, is_error) == (step.title, step.message, step.is_error)
    assert challenge is step.challenge


PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
SOURCE = f'src="data:image/png;base64,{base64.b64encode(PICTURE).decode()}"'


@pytest.mark.parametrize("asked", [ASKED_FOR_PIN, ASKED_FOR_CODE])
def test_phrase_and_picture(asked: Challenge) -> None:
    """Both are shown above the field, the phrase as text and the picture without asking another server."""
    title, message = texts(shown(challenge_step(asked._replace(phrase="Blue heron", image=PICTURE))))
    assert (1, 1, 1) == tuple(map(title.count, ("Your phrase: <b>Blue heron</b>", "<img ", SOURCE)))
    assert ("", 1) == ("".join(part for part in ("heron", "<img") if part in message), title.count("http"))


def test_one_of_phrase_and_picture() -> None:
    """Where the server sends one of them, that one is shown."""
    for change, counts in (({"phrase": "Blue heron"}, (1, 0)), ({"image": PICTURE}, (0, 1))):
        title = texts(shown(challenge_step(ASKED_FOR_PIN._replace(**change))))[0]
        assert counts == (title.count("Your phrase"), title.count("<img"))


@pytest.mark.parametrize("asked", [ASKED_FOR_PIN, ASKED_FOR_CODE, None])
def test_no_phrase_and_no_picture(asked: Challenge | None) -> None:
    """Where it sends neither, nothing is there beside the title; at the first step there is none either."""
    view = shown(challenge_step(asked)) if asked else view_of("Log in")
    assert texts(view)[0].endswith("</div></div>")
    assert (0, 0) == (texts(view)[0].count("etna-proof"), texts(view)[0].count("<img"))


@pytest.mark.parametrize("phrase", ["<script>alert(1)</script>", MARKUP, "</b></div><script>"])
def test_a_phrase_is_escaped(phrase: str) -> None:
    """Markup in a phrase is shown as text."""
    title = texts(shown(challenge_step(ASKED_FOR_PIN._replace(phrase=phrase))))[0]
    assert (0, 0, True) == (title.count("<script"), title.count("<img"), html.escape(phrase) in title)


def test_they_go_with_the_step() -> None:
    """A step that is over leaves its widgets closed, so that a saved notebook has neither."""
    view = shown(challenge_step(ASKED_FOR_PIN._replace(phrase="Blue heron", image=PICTURE)))
    after = FormView(challenge_step(ASKED_FOR_CODE), view._page, {})
    after.show(HEADING)
    widgets = view.children()
    view.close()
    assert ({None}, False) == ({widget.comm for widget in widgets}, "heron" in texts(after)[0])


def test_the_field_of_a_challenge() -> None:
    """A PIN is unseen and a code is seen; neither stays in its widget, or is sent to other front ends."""
    for challenge, kind in ((ASKED_FOR_CODE, CodeField), (ASKED_FOR_PIN, UnseenField)):
        view = shown(challenge_step(challenge))
        field = view.fields[ANSWER]
        assert (kind, False) == (type(field), field.traits()["value"].metadata["echo_update"])
        type_text(view, ANSWER, "246810")
        assert ("246810", "") == (view.values[ANSWER].get_secret_value(), field.value)
    assert issubclass(UnseenField, ipywidgets.Password)
