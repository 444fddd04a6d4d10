"""What a server writes into Reason, Step or a header is shown sanitized, short, and with secrets redacted."""

import re
import unicodedata
from html.parser import HTMLParser

import pytest

from etna_magic import Secret, UnexpectedResponseError
from etna_magic.display import line
from etna_magic.login_flow import Challenge
from tests.helpers import accounts
from tests.helpers.leaks import caught, leaks
from tests.helpers.logins import log_in
from tests.helpers.server import answer
from tests.login_flow.answers import PIN, advance, asks_for, conversation_at

HOSTILE = {
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "entity": "&lt;script&gt;",
    "end of the element": "</div><b>",
    "quotes": "\"'><svg/onload=alert(1)>",
    "ANSI colour": "\x1b[31mred\x1b[0m",
    "ANSI title": "\x1b]0;title\x07after",
    "ANSI title, unfinished": "\x1b]0;title",
    "C1 colour": "\x9b31mred",
    "carriage return": "good\rbad",
    "line breaks": "one\ntwo\r\nthree\x0bfour\x0cfive\x85six\u2028seven\u2029eight",
    "backspaces": "good\b\b\b\bbad",
    "right to left": "\u202egnp.exe\u2066x\u2069\u200f\u061c",
    "zero width": "a\u200bb\u200dc\ufeffd\u00ade",
    "tags": "a\U000e0041b",
    "surrogate": "a\ud800b",
    "as long as a body may be": "x" * 31_000,
    "3,000 escapes": "\x1b[31m" * 3_000 + "x",
    "31,000 blanks": "a" + " " * 31_000 + "b",
    "combining": "a" + "\u0301" * 500,
    "percent and braces": "%s %(x)s {0} {x!r} %n",
}
by_text = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)


def _error(server, status: int, *headers: tuple[str, str], **members: object) -> Exception:
    server.play(answer(status, accounts.body(**members), *headers))
    return caught(lambda: log_in(accounts.credentials(server.base_url)))


def _assert_safe(shown: str, limit: int) -> None:
    acting = [
        ascii(c) for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    ]
    assert ([], True) == (acting, len(shown) <= limit)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Note a tag."""
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


def _assert_safe_line(sentence: str) -> None:
    bundle = line(sentence, "etna-error")
    _assert_safe(bundle["text/plain"], 400)
    page = _Page()
    page.feed(bundle["text/html"])
    page.close()
    # Where an address may be broken is said by our own <wbr>.
    assert (["div"], sentence) == ([tag for tag in page.tags if tag != "wbr"], page.text)


ENDS = {
    "password refused": (401, {"State": "Failed"}, ("Reason",)),
    "code refused": (401, {"State": "Failed", "Step": "VerificationCode"}, ("Reason",)),
    "unknown step refused": (401, {"State": "Failed"}, ("Reason", "Step")),
    "app key": (403, {"error": "application key"}, ("Reason",)),
    "app key by its error": (403, {}, ("error",)),
    "trouble": (500, {}, ("message",)),
    "unknown": (200, {"State": "Odd"}, ("Message",)),
}


@by_text
@pytest.mark.parametrize(("status", "members", "names"), ENDS.values(), ids=ENDS)
def test_error(server, text: str, status: int, members: dict, names: tuple[str, ...]) -> None:
    """An error that quotes the server is one short safe line, in text and in HTML."""
    prefix = "application key " if names == ("error",) else ""
    error = _error(server, status, **members, **dict.fromkeys(names, prefix + text))
    _assert_safe_line(str(error))


@pytest.mark.parametrize("name", ["Reason", "Step"])
def test_text_beyond_the_limit_of_a_body(server, name: str) -> None:
    """A Reason or Step of 100,000 characters is short in the error."""
    error = _error(server, 401, **({"State": "Failed"} | {name: "x" * 100_000}))
    _assert_safe_line(str(error))


@by_text
def test_challenge(server, text: str) -> None:
    """A challenge shows its Reason sanitized and short."""
    challenge = advance(conversation_at(server, asks_for("VerificationCode", Reason=text)))
    assert isinstance(challenge, Challenge)
    _assert_safe(challenge.reason, 120)
    _assert_safe(challenge.message, 120)


@by_text
def test_unknown_step(server, text: str) -> None:
    """An unknown step is named sanitized and short, with its Reason."""
    error = caught(lambda: advance(conversation_at(server, asks_for(text, Reason=text))))
    _assert_safe_line(str(error))


@by_text
def test_third_wrong_answer(server, text: str) -> None:
    """The error that ends a login after wrong answers shows the Reason sanitized and short."""
    steps = conversation_at(server, asks_for("VerificationCode", Reason=text))
    error = caught(lambda: [advance(steps), *(advance(steps, "1") for _ in range(3))])
    _assert_safe_line(str(error))


LOCATIONS = {
    "long host": "http://" + "x" * 60_000 + "/",
    "C1 escape": "http://\x9b31mhost/",
    "soft hyphen": "http://ho\xadst/",
    "HTML": "http://<b>host</b>/",
    "no URL": "::::",
    "bad port": "http://host:port/",
    "bad address": "http://[::1/",
    "script": "javascript:alert(1)",
    "nothing": "",
}


@pytest.mark.parametrize("location", LOCATIONS.values(), ids=LOCATIONS)
def test_redirect(server, location: str) -> None:
    """Where a redirect points to is shown sanitized and short."""
    error = _error(server, 302, ("Location", location))
    _assert_safe_line(str(error))
    assert UnexpectedResponseError is type(error)


@pytest.mark.parametrize("password", ["correct-horse", "Correct-Horse"])
def test_redirect_that_repeats_the_password(server, password: str) -> None:
    """A password in the redirect's host is not shown, in the small letters of a host either."""
    server.play(answer(302, b"", ("Location", f"http://{password}.example.com/")))
    who = accounts.credentials(server.base_url, password=Secret(password))
    assert "http://***.example.com:80" in str(caught(lambda: log_in(who)))


REPEATS = {
    "as it is": "Wrong: {}",
    "within a word": "x{}y",
    "beside a letter that grows": "\u0130{}\u0130",
    "in quotes": "'{}'",
    "in HTML": "<b>{}</b>",
    "twice": "{0} {0}",
    "split by an escape": None,
    "at the cut": "x" * 110 + "{}",
    "after the cut": "x" * 60_000 + "{}",
}


def _split(secret: str) -> str:
    return "\x1b[0m".join(secret)


@pytest.mark.parametrize("name", ["Reason", "Step", "error", "message", "State"])
@pytest.mark.parametrize("form", REPEATS.values(), ids=REPEATS)
@pytest.mark.parametrize("secret", [accounts.PASSWORD, accounts.APP_KEY], ids=["password", "app key"])
def test_repeated_secret_is_not_shown(server, secret: str, form: str | None, name: str) -> None:
    """A server that repeats a secret does not make us show it, not even its beginning."""
    text = form.format(secret) if form else _split(secret)
    error = _error(server, 401, **({"State": "Failed"} | {name: text}))
    assert [] == [s for s in accounts.SECRETS if s[:6] in str(error)]


@pytest.mark.parametrize("name", ["Reason", "Step", "message"])
def test_repeated_secret_is_in_no_frame(server, name: str) -> None:
    """A server that repeats a secret leaves it in no variable of the traceback."""
    error = _error(server, 401, **({"State": "Failed", "Step": "X"} | {name: f"Wrong: {accounts.PASSWORD}"}))
    assert [] == leaks(error, accounts.SECRETS)


@pytest.mark.parametrize("name", ["token", "AccessToken", "Ticket"])
def test_token_under_another_name_is_in_no_frame(server, name: str) -> None:
    """A token in a member that is not called Token is left in no variable of the traceback."""
    error = _error(server, 200, **{"state": "succeeded", name: accounts.TOKEN})
    assert [] == leaks(error, accounts.SECRETS)


@pytest.mark.parametrize("blank", ["  ", "\xa0", " \xa0 ", "\xad"], ids=ascii)
def test_repeated_password_with_odd_blanks(server, blank: str) -> None:
    """A password is redacted though its blanks are folded where foreign text is shown."""
    password = f"correct{blank}horse"
    server.play(answer(401, accounts.body(State="Failed", Reason=f"{password} is wrong")))
    error = caught(lambda: log_in(accounts.credentials(server.base_url, password=Secret(password))))
    assert None is re.search("correct.?horse", str(error))


def test_repeated_code_is_not_shown(server) -> None:
    """A server that repeats the code, the PIN or the interim token does not make us show it."""
    reason = f"{accounts.CODE} is wrong for {accounts.INTERIM} of {accounts.LATER_INTERIM}"
    again = asks_for("VerificationCode", accounts.LATER_INTERIM, Reason=reason)
    steps = conversation_at(server, asks_for("VerificationCode"), again)
    advance(steps)
    assert "*** is wrong for *** of ***" == advance(steps, accounts.CODE).reason


@pytest.mark.parametrize("spell", [str.upper, str.lower, str.swapcase])
def test_repeated_secret_in_another_case(server, spell) -> None:
    """A secret is redacted in whatever case a server repeats it."""
    error = _error(
        server, 401, State="Failed", Reason=f"{spell(accounts.APP_KEY)} or \u0130 {accounts.APP_KEY}"
    )
    assert "(“*** or \u0130 ***”)" in str(error)


def test_secret_within_a_secret_is_not_shown(server) -> None:
    """A short code that is part of the interim token leaves nothing of that behind."""
    code = accounts.INTERIM[4:6]
    again = asks_for("VerificationCode", Reason=f"{code} for {accounts.INTERIM}")
    steps = conversation_at(server, asks_for("VerificationCode"), again)
    advance(steps)
    assert "*** for ***" == advance(steps, code).reason


def test_known_pin_is_not_shown(server) -> None:
    """The same holds for an answer that was known."""
    again = asks_for("SecutityPin", Reason=f"{accounts.PIN} is wrong")
    steps = conversation_at(server, asks_for("SecutityPin"), again, known={PIN: Secret(accounts.PIN)})
    assert "*** is wrong" == advance(steps).reason
