"""`%etna_status` and `%etna_logout`: looking, and leaving."""

import re
from collections.abc import Iterator

import pytest

from etna_magic.sandbox import Sandbox
from tests.helpers.kernel_reset import NAMES
from tests.helpers.kernel import Kernel
from tests.helpers.notebook_user import NotebookUser

INFO = "'v1.0/users/@me/info'"
WITH_THE_TOKEN = f"__import__('requests').get(_token.base_url + '/' + {INFO}, auth=_token).status_code"


@pytest.fixture
def endless(kernel: Kernel) -> Iterator[NotebookUser]:
    """Return a seat whose server has no `/logout`."""
    with Sandbox(login_limit=None, logout=False) as running:
        yield NotebookUser(kernel, running)


def test_status_of_nobody(kernel: Kernel):
    """Without a log-in one line says so, and how to get one."""
    assert ["Nobody is logged in. To log in: %etna_login"] == kernel.run("%etna_status").texts


def test_status_lists_every_log_in(seat: NotebookUser):
    """A row for each: name, user, place, state, expiry in local time, time left."""
    for name, left in (("fresh", 50_000), ("near", 500), ("over", -7_200)):
        seat.log_in(name)
        seat.age(name, left=left)
    run = seat.kernel.run("%etna_status")
    head, *rows = run.texts[0].splitlines()
    assert ["Name", "User", "Where", "State", "Until", "Left"] == head.split()
    columns = [re.split(r"  +", row) for row in rows]
    where = f"{seat.sandbox.base_url} (LIVE)"
    states = {"fresh": "fresh", "near": "expiring", "over": "stale"}
    assert [[name, "demo", where, state] for name, state in states.items()] == [row[:4] for row in columns]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d CES?T", row[4]) for row in columns)
    assert ["13 h", "8 min", "2 h"] == [" ".join(row[5].split()[:2]) for row in columns]
    assert 4 == run.bundles[0]["text/html"].count("<tr")


def test_status_of_one(seat: NotebookUser):
    """A name picks one; an unknown name is an error that lists those who are there."""
    seat.log_in("one")
    seat.log_in("two")
    rows = seat.kernel.run("%etna_status two").texts[0].splitlines()
    assert ["Name", "two"] == [row.split()[0] for row in rows]
    assert "(there is: one, two)" in seat.kernel.run("%etna_status three").error


def test_status_asks_no_server(seat: NotebookUser):
    """Looking sends nothing."""
    seat.log_in()
    before = len(seat.sandbox.seen)
    seat.kernel.run("%etna_status")
    assert before == len(seat.sandbox.seen)


def test_log_out_ends_the_token_on_the_server(seat: NotebookUser):
    """Both variables are gone, the token is dead, and whoever holds the session is told."""
    seat.log_in()
    seat.kernel.do("_token, _session = etna_token, etna_session")
    run = seat.kernel.run("%etna_logout")
    assert ["etna: demo is logged out, and etna_token is gone here and on the server."] == run.texts
    assert [] == seat.kernel.ask(NAMES)
    assert ("POST", "/api/logout") == seat.sandbox.seen[-1][:2]
    assert 401 == seat.kernel.ask(WITH_THE_TOKEN)
    assert ["stale", True] == seat.kernel.ask("[_token.state.value, _token.remaining.total_seconds() > 0]")
    for call in ("get", "post", "delete"):
        error = seat.kernel.run(f"_session.{call}({INFO})").error
        assert error.startswith("NotLoggedInError: etna was logged out")


def test_log_out_of_one_leaves_the_others(seat: NotebookUser):
    """Only the one that is named leaves."""
    seat.log_in("one")
    seat.log_in("two")
    seat.kernel.run("%etna_logout one")
    assert ["two_session", "two_token"] == seat.kernel.ask(NAMES)
    assert 200 == seat.kernel.ask(f"two_session.get({INFO}).status_code")


def test_log_out_of_all(seat: NotebookUser):
    """`--all` ends each, with a line for each; a second time there is nobody."""
    seat.log_in("one")
    seat.log_in("two")
    first, second = seat.kernel.run("%etna_logout --all"), seat.kernel.run("%etna_logout --all")
    assert ["one", "two"] == [line.split(":")[0] for line in first.texts]
    assert ([], ["Nobody is logged in."]) == (seat.kernel.ask(NAMES), second.texts)


def test_log_out_of_nobody(seat: NotebookUser):
    """Without a log-in of that name it is an error."""
    assert seat.kernel.run("%etna_logout").error.startswith("NotLoggedInError: ")


def test_where_the_server_has_no_log_out(endless: NotebookUser):
    """The line says plainly that the token may live on, until when, and why."""
    endless.log_in()
    endless.kernel.do("_token = etna_token")
    until = endless.kernel.ask("_token.expires_at.astimezone().strftime('%Y-%m-%d %H:%M:%S %Z')")
    run = endless.kernel.run("%etna_logout")
    assert "ok" == run.status
    assert f"may live on at the server until {until}" in run.texts[0]
    assert [] == endless.kernel.ask(NAMES)
    assert 200 == endless.kernel.ask(WITH_THE_TOKEN)


def test_where_the_server_is_gone(kernel: Kernel):
    """A server that cannot be asked does not keep a log-in from ending here."""
    with Sandbox() as running:
        NotebookUser(kernel, running).log_in()
    run = kernel.run("%etna_logout")
    assert ("ok", 1, []) == (run.status, len(run.texts[0].splitlines()), kernel.ask(NAMES))
    assert "may live on at the server" in run.texts[0]


def test_a_stale_token_is_ended_on_the_server_too(seat: NotebookUser):
    """The clocks may call it stale before the server does, and "gone on the server" has to be so."""
    seat.log_in_stale()
    before = len(seat.sandbox.seen)
    assert "ok" == seat.kernel.run("%etna_logout").status
    assert ([], before + 1) == (seat.kernel.ask(NAMES), len(seat.sandbox.seen))


def test_logging_in_again_after_a_log_out(seat: NotebookUser):
    """The name is free again, with a session that works."""
    seat.log_in()
    seat.kernel.run("%etna_logout")
    seat.log_in()
    assert 200 == seat.kernel.ask(f"etna_session.get({INFO}).status_code")
