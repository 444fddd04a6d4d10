"""The phrase and the picture by which a user knows a genuine server, and a server that asks to wait."""

import base64
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from etna_magic import Token, UnexpectedResponseError
from etna_magic.login_flow import Challenge
from tests.helpers import accounts
from tests.helpers.leaks import leaks
from tests.helpers.server import answer
from tests.login_flow.answers import SUCCESS, advance, asks_for, conversation_at, text

PNG = b"\x89PNG\r\n\x1a\n"
PICTURE = PNG + bytes(range(256))
LARGEST = 65_536


def encoded(picture: bytes) -> str:
    """Return a picture as the API writes it."""
    return base64.b64encode(picture).decode()


def asked(server, **members: object) -> Challenge:
    """Return the challenge of a PIN with these members."""
    found = advance(conversation_at(server, asks_for("SecutityPin", **members)))
    assert isinstance(found, Challenge)
    return found


@pytest.mark.parametrize("step", ["SecutityPin", "VerificationCode"])
def test_both(server, step: str) -> None:
    """The challenge has what the server sends of them."""
    reply = asks_for(step, PersonalPhrase="Blue heron", Image=encoded(PICTURE))
    challenge = advance(conversation_at(server, reply))
    assert ("Blue heron", PICTURE) == (challenge.phrase, challenge.image)


def test_neither(server) -> None:
    """Where the server sends neither, there is none."""
    challenge = asked(server)
    assert ("", b"") == (challenge.phrase, challenge.image)


def test_one_of_them(server) -> None:
    """One may be there without the other."""
    assert ("Blue heron", b"") == asked(server, PersonalPhrase="Blue heron")[-2:]
    assert ("", PICTURE) == asked(server, Image=encoded(PICTURE))[-2:]


def test_of_each_step(server) -> None:
    """Each step has its own: those of the one before are not shown again."""
    code = asks_for("VerificationCode", PersonalPhrase="Blue heron", Image=encoded(PICTURE))
    pin = asks_for("SecutityPin", PersonalPhrase="Grey heron")
    steps = conversation_at(server, code, pin, SUCCESS)
    assert ("Blue heron", PICTURE) == advance(steps)[-2:]
    assert ("Grey heron", b"") == advance(steps, accounts.CODE)[-2:]
    assert isinstance(advance(steps, accounts.PIN), Token)


def test_after_a_connection_that_failed(server) -> None:
    """They stay with a step that has to be answered again."""
    reply = asks_for("SecutityPin", PersonalPhrase="Blue heron", Image=encoded(PICTURE))
    steps = conversation_at(server, reply, lambda connection, _: connection.close())
    advance(steps)
    again = advance(steps, accounts.PIN)
    assert (True, "Blue heron", PICTURE) == (again.failure is not None, again.phrase, again.image)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        pytest.param("\x1b[31mBlue\x1b[0m heron\n\x07\u202e", "Blue heron", id="escape sequences"),
        pytest.param("  Blue \t\r\n heron ", "Blue heron", id="white space"),
        pytest.param("x" * 1000, "x" * 119 + "…", id="long"),
        pytest.param("<b>Blue</b> & “heron”", "<b>Blue</b> & “heron”", id="HTML"),
        pytest.param("Синяя цапля 🪶", "Синяя цапля 🪶", id="any letters"),
        pytest.param("", "", id="empty"),
        pytest.param(accounts.PASSWORD, "***", id="password"),
        pytest.param(f"a {accounts.APP_KEY} b", "a *** b", id="app key"),
        pytest.param(f"a {accounts.INTERIM.upper()} b", "a *** b", id="interim token, in capitals"),
        pytest.param("Pa55-SECRET-\x1b[0mw\xf6rd \xdf 5", "***", id="password with an escape in it"),
        *(pytest.param(value, "", id=repr(value)) for value in (None, 17, True, ["Blue"], {"a": "Blue"})),
    ],
)
def test_phrase(server, sent: object, shown: str) -> None:
    """The phrase is sanitized, and secrets in it are replaced; what is no text is none."""
    assert shown == asked(server, PersonalPhrase=sent).phrase


def test_phrase_with_an_answer(server) -> None:
    """So is what was typed at an earlier step."""
    replies = asks_for("VerificationCode"), asks_for("SecutityPin", PersonalPhrase=f"a {accounts.CODE}")
    steps = conversation_at(server, *replies)
    advance(steps)
    assert "a ***" == advance(steps, accounts.CODE).phrase


PICTURES = {
    "the largest": (encoded(PNG + bytes(LARGEST - 8)), PNG + bytes(LARGEST - 8)),
    "too large": (encoded(PNG + bytes(LARGEST - 7)), b""),
    "no more than its beginning": (encoded(PNG), PNG),
    "half its beginning": (encoded(PNG[:4]), b""),
    "empty": ("", b""),
    "JPEG": (encoded(b"\xff\xd8\xff\xe0" + bytes(64)), b""),
    "GIF": (encoded(b"GIF89a" + bytes(64)), b""),
    "SVG": (encoded(b"<svg onload='alert(1)'/>"), b""),
    "HTML": (encoded(b"<script>alert(1)</script>"), b""),
    "PNG later on": (encoded(b" " + PICTURE), b""),
    "no base64": ("not base64!", b""),
    "characters that base64 lacks": (encoded(PICTURE)[:8] + "$%" + encoded(PICTURE)[8:], b""),
    "line breaks": (encoded(PICTURE)[:76] + "\r\n" + encoded(PICTURE)[76:], b""),
    "no padding": (encoded(PICTURE + b"x").rstrip("="), b""),
    "for URLs": (base64.urlsafe_b64encode(PNG + b"\xff" * 30).decode(), b""),
    "beyond ASCII": ("\xe9" + encoded(PICTURE), b""),
    "surrogate": ("\ud800", b""),
    "URL": ("https://example.com/picture.png", b""),
    **{repr(value): (value, b"") for value in (None, 17, True, [137, 80], {"a": "b"})},
}


@pytest.mark.parametrize(("sent", "image"), PICTURES.values(), ids=PICTURES)
def test_image(server, sent: object, image: bytes) -> None:
    """It is a PNG of at most 64 KiB in base64, or there is none; the login goes on in either case."""
    steps = conversation_at(server, asks_for("SecutityPin", PersonalPhrase="Blue heron", Image=sent), SUCCESS)
    challenge = advance(steps)
    assert ("Blue heron", image) == (challenge.phrase, challenge.image)
    assert isinstance(advance(steps, accounts.PIN), Token)


def test_repr(server) -> None:
    """What is logged or shown in a traceback of a challenge is short, and says that there is a picture."""
    challenge = asked(server, PersonalPhrase="Blue heron", Image=encoded(PNG + bytes(60_000)))
    for shown in (repr(challenge), str(challenge), f"{challenge._replace(wrong=1)}", f"{challenge.image}"):
        assert (True, True) == (len(shown) < 300, "<PNG of 60,008 bytes>" in shown)


def test_other_answers(server) -> None:
    """A phrase or picture in any other answer changes nothing about it."""
    members = {"PersonalPhrase": accounts.PASSWORD, "Image": encoded(PICTURE)}
    done = text({"State": "Succeeded", "Token": accounts.TOKEN} | members)
    assert isinstance(advance(conversation_at(server, answer(200, done))), Token)


# A server that takes no logins for now

BEFORE = "The server is in trouble (status 503): try again in a minute."
ASKS = "The server takes no logins for now (status 503), and asks for a wait of {}: try again then."


@pytest.mark.parametrize("body", [b"", b"<html>Down</html>", b"{}", text({"Message": "Down"})])
@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("1", "1 s"),
        ("17", "17 s"),
        ("0.2", "1 s"),
        ("90", "1 min 30 s"),
        (" 3600 ", "1 h"),
        ("86400", "24 h"),
    ],
)
def test_503_with_a_wait(outcome, header: str, wait: str, body: bytes) -> None:
    """The error names the server's time, rounded up, whatever the body says."""
    error = outcome(503, body, ("Retry-After", header))
    assert (UnexpectedResponseError, ASKS.format(wait)) == (type(error), str(error))
    assert [] == leaks(error, accounts.SECRETS)


def test_503_until_a_date(outcome) -> None:
    """A date counts from now."""
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    message = str(outcome(503, b"", ("Retry-After", date)))
    # Less what the test itself has taken.
    assert message.startswith(ASKS.partition("{")[0])
    assert "wait of 9 min" in message or "wait of 10 min" in message


ABSURD = {
    "empty": "",
    "now": "0",
    "negative": "-5",
    "word": "soon",
    "more than a day": "86401",
    "12 digits": "999999999999",
    "5,000 digits": "9" * 5000,
    "infinity": "inf",
    "NaN": "nan",
    "exponent": "1e3",
    "two values": "17, 18",
    "in the past": "Fri, 31 Dec 1999 23:59:59 GMT",
    "31 February of a year far away": "Fri, 31 Feb 99999 10:00:00 GMT",
    "far away": "Fri, 31 Dec 9999 23:59:59 GMT",
    "escape sequence": "\x1b[31m17",
    "superscript": "\xb2",
}


@pytest.mark.parametrize("header", ABSURD.values(), ids=ABSURD)
def test_503_with_an_absurd_wait(outcome, header: str) -> None:
    """A wait that cannot be meant is as none."""
    error = outcome(503, b"", ("Retry-After", header))
    assert (UnexpectedResponseError, BEFORE) == (type(error), str(error))


def test_503_without(outcome) -> None:
    """Without one a 503 is as any other trouble, with what the body says."""
    assert BEFORE == str(outcome(503, b""))
    assert "(status 503, “Down”)" in str(outcome(503, text({"Message": "Down"})))


@pytest.mark.parametrize("status", [500, 502, 504])
def test_other_trouble(outcome, status: int) -> None:
    """A wait is believed of a 503 alone."""
    assert BEFORE.replace("503", str(status)) == str(outcome(status, b"", ("Retry-After", "17")))
