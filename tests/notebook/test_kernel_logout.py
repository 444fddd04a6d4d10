"""`%etna_status` and `%etna_logout` in a kernel: what is shown, what ends, and what is left."""

import re
import socket
from collections.abc import Iterator

import pytest
import requests

from etna_magic.sandbox import Sandbox
from tests.helpers import accounts
from tests.helpers.kernel import LIMIT, Kernel
from tests.helpers.kernel_reset import NAMES
from tests.helpers.notebook_user import NotebookUser
from tests.helpers.server import Answer, Received, ScriptedServer, answer

INFO = "v1.0/users/@me/info"
UNTIL = "etna_token.expires_at.astimezone().strftime('%Y-%m-%d %H:%M:%S %Z')"
PAGE = ("Content-Type", "text/html; charset=utf-8")
GONE = "etna: alice is logged out, and etna_token is gone here and on the server."
LIVES_ON = (
    "etna: alice is logged out, and etna_token is gone here, but the token may live on at the server until "
)


def status_with(headers: dict[str, str], sandbox: Sandbox) -> int:
    """Return the status that the sandbox answers to a call with these headers."""
    return requests.get(f"{sandbox.base_url}/{INFO}", headers=headers, timeout=LIMIT).status_code


def headers_of(kernel: Kernel, token: str = "etna_token") -> dict[str, str]:
    """Return the headers of a token, outside the kernel."""
    return kernel.ask(f"dict({token}.headers())")


def test_status_of_nobody(kernel: Kernel) -> None:
    """Without a login one line says so, and how to get one."""
    assert ["Nobody is logged in. To log in: %etna_login"] == kernel.run("%etna_status").texts


def test_status_lists_every_login(user: NotebookUser) -> None:
    """A card for each: name, state, time left, expiry in local time, user, where, and its variables."""
    for name, left in (("fresh", 50_000), ("near", 500), ("stale", -7_200)):
        user.log_in(name)
        user.age(name, left=left)
    run = user.kernel.run("%etna_status")
    cards = [part.split("\n  ") for part in run.texts[0].split("\n\n")]
    when = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d CES?T"
    heads = (
        rf"fresh: fresh, 13 h \d+ min left, until {when}",
        rf"near: expiring, 8 min \d+ s left, until {when}",
        rf"stale: stale, expired 2 h ago, at {when}",
    )
    assert [True] * 3 == [bool(re.fullmatch(head, card[0])) for head, card in zip(heads, cards, strict=True)]
    assert [f"demo at {user.sandbox.base_url} (LIVE)"] * 3 == [card[1] for card in cards]
    assert [f"in {name}_token, {name}_session" for name in ("fresh", "near", "stale")] == [
        card[2] for card in cards
    ]
    assert 3 == run.bundles[0]["text/html"].count('role="listitem"')


def test_status_of_one(user: NotebookUser) -> None:
    """A name selects one; an unknown name is an error that lists those that are there; nothing is sent."""
    user.log_in("one")
    user.log_in("two")
    before = len(user.sandbox.seen)
    (text,) = user.kernel.run("%etna_status two").texts
    assert (True, False) == (text.startswith("two: fresh"), "\n\n" in text)
    assert "(there is: one, two)" in user.kernel.run("%etna_status three").error
    assert before == len(user.sandbox.seen)


def test_a_logout_ends_the_token_on_the_server(user: NotebookUser) -> None:
    """Both variables are gone, the token is dead, and whoever holds the session or the token sees why."""
    user.log_in()
    headers = headers_of(user.kernel)
    user.kernel.do("_token, _session = etna_token, etna_session")
    run = user.kernel.run("%etna_logout")
    assert ["etna: demo is logged out, and etna_token is gone here and on the server."] == run.texts
    assert [] == user.kernel.ask(NAMES)
    assert ("POST", "/api/logout") == user.sandbox.seen[-1][:2]
    assert 401 == status_with(headers, user.sandbox)
    assert ["stale", True] == user.kernel.ask("[_token.state.value, _token.remaining.total_seconds() > 0]")
    for call in ("get", "post", "delete"):
        error = user.kernel.run(f"_session.{call}({INFO!r})").error
        assert error.startswith("NotLoggedInError: etna was logged out")
    error = user.kernel.run("_token.get_secret_value()").error
    assert error.startswith(f"NotLoggedInError: The token of demo at {user.sandbox.base_url} was logged out.")


def test_a_logout_of_one_leaves_the_others(user: NotebookUser) -> None:
    """Only the one that is named ends."""
    user.log_in("one")
    user.log_in("two")
    user.kernel.run("%etna_logout one")
    assert ["two_session", "two_token"] == user.kernel.ask(NAMES)
    assert 200 == user.kernel.ask(f"two_session.get({INFO!r}).status_code")


def test_a_logout_of_all(user: NotebookUser) -> None:
    """`--all` ends each, with a line for each; a second time there is nobody."""
    user.log_in("one")
    user.log_in("two")
    first, second = user.kernel.run("%etna_logout --all"), user.kernel.run("%etna_logout --all")
    assert ["one", "two"] == [line.split(":")[0] for line in first.texts]
    assert ([], ["Nobody is logged in."]) == (user.kernel.ask(NAMES), second.texts)
    assert user.kernel.run("%etna_logout").error.startswith("NotLoggedInError: ")


def test_a_login_after_a_logout(user: NotebookUser) -> None:
    """The name is free again, with a session that works."""
    user.log_in()
    user.kernel.run("%etna_logout")
    user.log_in()
    assert 200 == user.kernel.ask(f"etna_session.get({INFO!r}).status_code")


def test_a_stale_token_is_ended_on_the_server_too(user: NotebookUser) -> None:
    """The clocks may call it stale before the server does, and "gone on the server" has to be so."""
    user.log_in_stale()
    before = len(user.sandbox.seen)
    assert "ok" == user.kernel.run("%etna_logout").status
    assert ([], before + 1) == (user.kernel.ask(NAMES), len(user.sandbox.seen))


# What is left in the kernel.

# Everything that IPython keeps of cells, by value.
OUTPUTS = (
    "[*Out.values(), _, __, ___, *(v for k, v in globals().items() if k[:1] == '_' and k[1:].isdigit())]"
)


def test_a_logout_leaves_no_live_token_in_the_outputs(user: NotebookUser) -> None:
    """Tokens and dicts of headers in `Out`, `_`, `__`, `_1` are emptied themselves, of earlier logins too."""
    user.log_in()
    user.kernel.run("etna_token")
    user.log_in()  # the account's next token
    for code in ("etna_token", "etna_session.token", "etna_token.headers()", "etna_token", "dict(a=1)"):
        assert "ok" == user.kernel.run(code).status
    user.kernel.run("etna_token.headers()")
    tokens = f"[one for one in {OUTPUTS} if hasattr(one, 'get_secret_value')]"
    dicts = f"[dict(one) for one in {OUTPUTS} if isinstance(one, dict) and 'a' not in one]"
    assert (True, True) == (user.kernel.ask(f"len({tokens}) > 4"), user.kernel.ask(f"len({dicts}) > 2"))
    assert user.kernel.ask(f"all({dicts})")
    user.kernel.run("%etna_logout")
    assert ["was logged out"] == user.kernel.ask(f"sorted({{one.ended for one in {tokens}}})")
    assert not user.kernel.ask(f"any({dicts})")
    assert user.kernel.ask("{'a': 1} in Out.values()")
    error = user.kernel.run("Out[min(Out)].headers()").error
    assert error.startswith("NotLoggedInError: The token of demo at")


# What holds a text that has this part, found without naming the part as a whole.
HOLDERS = """[
    type(holder).__name__
    for part in [''.join(%r)]
    for holder in __import__('gc').get_objects()
    for text in __import__('gc').get_referents(holder)
    if type(text) is str and part in text and text != part or type(text) is bytes and part.encode() in text
]""".replace("\n", "")


def test_a_logout_leaves_no_token_in_memory(user: NotebookUser) -> None:
    """Nothing that the garbage collector knows refers to the token's text: no output, closure or request."""
    user.log_in()
    for code in ("etna_token, etna_session", "etna_token.headers()", "[etna_token]"):
        user.kernel.run(code)
    user.kernel.run(f"_response = etna_session.get({INFO!r})")
    holders = HOLDERS % list(user.kernel.ask("etna_token.get_secret_value()")[5:25])
    assert {"tuple", "TokenHeaders"} & set(user.kernel.ask(holders))
    user.kernel.run("%etna_logout")
    user.kernel.do("__import__('gc').collect()")
    assert [] == user.kernel.ask(holders)


def test_a_logout_of_one_leaves_the_token_of_another(user: NotebookUser) -> None:
    """A token of another login that a cell has shown works on."""
    user.log_in("one")
    user.log_in("two")
    user.kernel.run("one_token, two_token")
    user.kernel.run("%etna_logout one")
    assert 200 == user.kernel.ask(f"two_session.get({INFO!r}).status_code")
    assert [True, False] == user.kernel.ask("[bool(one.ended) for one in _]")


# What the server answers.


@pytest.fixture
def without_logout(kernel: Kernel) -> Iterator[NotebookUser]:
    """Return a user whose server has no `/logout`."""
    with Sandbox(login_limit=None, logout=False) as running:
        yield NotebookUser(kernel, running)


def test_where_the_server_has_no_logout(without_logout: NotebookUser) -> None:
    """The line says plainly that the token may live on, until when, and why."""
    without_logout.log_in()
    kernel = without_logout.kernel
    headers, until = headers_of(kernel), kernel.ask(UNTIL)
    run = kernel.run("%etna_logout")
    assert "ok" == run.status
    assert f"may live on at the server until {until}" in run.texts[0]
    assert [] == kernel.ask(NAMES)
    assert 200 == status_with(headers, without_logout.sandbox)


def test_where_the_server_is_gone(kernel: Kernel) -> None:
    """A server that cannot be asked does not keep a login from ending here."""
    with Sandbox() as running:
        NotebookUser(kernel, running).log_in()
    run = kernel.run("%etna_logout")
    assert ("ok", 1, []) == (run.status, len(run.texts[0].splitlines()), kernel.ask(NAMES))
    assert "may live on at the server" in run.texts[0]


def log_out(kernel: Kernel, server: ScriptedServer, reply: Answer) -> tuple[str, str]:
    """Log in, and log out at a server that answers so; return when the token ends, and the one line."""
    server.play(answer(200, accounts.SUCCESS), reply)
    kernel.set_environment(**accounts.variables(server.base_url))
    assert "ok" == kernel.run("%etna_login").status
    until = kernel.ask(UNTIL)
    run = kernel.run("%etna_logout")
    assert ("ok", 1, []) == (run.status, len(run.texts), kernel.ask(NAMES)), run.texts
    sent = server.received[1:]
    assert [("POST", "/api/logout", [f"Bearer {accounts.TOKEN}"])] == [
        (one.method, one.target, one.values("Authorization")) for one in sent
    ]
    return until, run.texts[0]


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(answer(200, b'{"State":"Succeeded"}', ("Content-Type", "application/json")), id="JSON"),
        pytest.param(answer(200), id="nothing"),
        pytest.param(answer(204), id="no content"),
        pytest.param(answer(401, b'{"Message":"Authorization has been denied"}'), id="dead already"),
    ],
)
def test_an_answer_that_ends_the_token(kernel: Kernel, server: ScriptedServer, reply) -> None:
    """An answer of the API says that the token has ended, or had."""
    _, line = log_out(kernel, server, reply)
    assert GONE == line


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        pytest.param(answer(200, b"<html></html>", PAGE), "(status 200 with a web page)", id="page"),
        pytest.param(answer(401, b"<html></html>", PAGE), "(status 401 with a web page)", id="login page"),
        pytest.param(answer(404, b"{}"), "(status 404)", id="none"),
        pytest.param(answer(302, b"", ("Location", "/web")), "(status 302)", id="redirect"),
        pytest.param(answer(500, b"{}"), "(status 500)", id="error"),
    ],
)
def test_an_answer_that_ends_nothing(kernel: Kernel, server: ScriptedServer, reply, why) -> None:
    """A web page or a refusal ended no token: the line says that it may live on, until when, and why."""
    until, line = log_out(kernel, server, reply)
    assert f"{LIVES_ON}{until}, because this server does not end tokens {why}." == line


def drip(server: ScriptedServer, first: bytes) -> Answer:
    """Send something and then a byte now and again, for longer than a cell may take here."""

    def reply(connection: socket.socket, _: Received) -> None:
        connection.sendall(first)
        for _ in range(int(2 * LIMIT / 0.05)):
            if server.over.wait(0.05):  # the server's pace is what is tested
                return
            connection.sendall(b"x")

    return reply


@pytest.mark.parametrize(
    "first",
    [None, b"", b"HTTP/1.1 200 ", b"HTTP/1.1 200 OK\r\nX-Slow: "],
    ids=["silent", "bytes", "status", "header"],
)
def test_an_answer_that_does_not_end(kernel: Kernel, server: ScriptedServer, first) -> None:
    """The time-out is for the whole answer, however many bytes come; then the token may live on."""
    kernel.run("%config EtnaMagics.timeout = 0.5")
    reply = server.stay_silent if first is None else drip(server, first)
    until, line = log_out(kernel, server, reply)
    why = "because the server could not be asked: it took too long to answer."
    assert f"{LIVES_ON}{until}, {why}" == line
