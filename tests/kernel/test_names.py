"""Several log-ins side by side, a new one under an old name, and variables that are not ours."""

import re

import pytest

from etna_magic.sandbox import Sandbox
from tests.helpers.front_end import FrontEnd
from tests.helpers.kernel_reset import NAMES
from tests.helpers.notebook_user import NotebookUser

INFO = "'v1.0/users/@me/info'"


def test_side_by_side(seat: NotebookUser):
    """Each name has a token and a session of its own."""
    seat.log_in("live")
    seat.log_in("paper", user="lockout")
    assert ["live_session", "live_token", "paper_session", "paper_token"] == seat.kernel.ask(NAMES)
    who = f"[s.get({INFO}).json()['Login'] for s in (live_session, paper_session)]"
    assert ["demo", "lockout"] == seat.kernel.ask(who)
    assert seat.kernel.ask("live_token.value != paper_token.value")


def test_a_new_log_in_keeps_the_session_and_replaces_the_token(seat: NotebookUser):
    """Whoever holds the session goes on with the new token; the old one stays valid."""
    seat.log_in()
    seat.kernel.do("old, held, value = etna_token, etna_session, etna_token.value")
    seat.log_in()
    assert [True, False, True] == seat.kernel.ask(
        "[held is etna_session, old is etna_token, held.token is etna_token]"
    )
    assert [True, True] == seat.kernel.ask("[old.value == value, etna_token.value != value]")
    statuses = f"[held.get({INFO}).status_code, __import__('requests').get("
    statuses += f"old.base_url + '/' + {INFO}, auth=old).status_code]"
    assert [200, 200] == seat.kernel.ask(statuses)


def test_other_names_are_untouched(seat: NotebookUser):
    """A log-in under one name leaves the objects of the others as they were."""
    seat.log_in("paper")
    seat.kernel.do("before = (paper_token, paper_session)")
    seat.log_in()
    assert seat.kernel.ask("before == (paper_token, paper_session)")


def test_a_bare_line_repeats_the_last_log_in_of_its_name(seat: NotebookUser):
    """The mending line leads to the same user, whatever the environment says by then."""
    seat.log_in("paper -u lockout", user="lockout")
    seat.know("demo")
    seat.kernel.set_environment(ETNA_PASSWORD=seat.sandbox.password_of("lockout"))
    assert "Logged in as lockout" in seat.kernel.run("%etna_login paper").texts[0]


def before_in(line: str) -> list[str]:
    """Return the sentences of a line of success that say who stood under its name before."""
    return re.findall(r"Before, .*?\.(?= |$)", line)


def test_the_line_says_who_was_there_before(seat: NotebookUser):
    """Another user under a name is told, once, since loops that hold the session go there."""
    seat.log_in("paper")
    line = seat.log_in("paper -u lockout", user="lockout").texts[0]
    assert f"Before, paper was demo at {seat.sandbox.base_url}." == line[line.index("Before") :]
    assert [] == before_in(seat.kernel.run("%etna_login paper").texts[0])


def test_the_line_says_where_it_was_before(seat: NotebookUser):
    """The same user at another server is another account."""
    seat.log_in()
    with Sandbox() as elsewhere:
        line = NotebookUser(seat.kernel, elsewhere).log_in(f"-b {elsewhere.base_url}").texts[0]
    assert [f"Before, etna was demo at {seat.sandbox.base_url}."] == before_in(line)


def test_the_line_of_a_form_says_it_too(seat: NotebookUser):
    """What is typed into a form may lead to another account as well."""
    seat.log_in()
    seat.kernel.do("import os; del os.environ['ETNA_PASSWORD']")
    form = FrontEnd(seat.kernel, seat.kernel.run("%etna_login -u lockout", allow_stdin=True))
    form.enter("Password", seat.sandbox.password_of("lockout"))
    assert [f"Before, etna was demo at {seat.sandbox.base_url}."] == before_in(form.line)


def test_the_line_says_nothing_of_the_same_account(seat: NotebookUser):
    """The first log-in, the same again, another name, and one after a log-out have nothing before them."""
    lines = [
        seat.log_in(name, user).texts[0] for name, user in (("", "demo"), ("", "demo"), ("b", "lockout"))
    ]
    seat.kernel.run("%etna_logout")
    lines += seat.log_in("-u lockout", user="lockout").texts
    assert [True] * 4 == [line.startswith("Logged in as ") for line in lines]
    assert [[]] * 4 == [before_in(line) for line in lines]


@pytest.mark.parametrize("variable", ["etna_token", "etna_session"])
@pytest.mark.parametrize("value", ["'my own'", "0", "''", "[]", "(lambda: 1)"])
def test_a_variable_of_the_users_own_is_not_overwritten(seat: NotebookUser, variable, value):
    """The error names the variable, nothing is sent, and nothing has changed."""
    seat.know()
    seat.kernel.do(f"{variable} = {value}; _kept = {variable}")
    run = seat.kernel.run("%etna_login")
    assert variable in run.error
    assert 1 == len(run.error.splitlines())
    assert ([variable], True, 0) == (
        seat.kernel.ask(NAMES),
        seat.kernel.ask(f"_kept is {variable}"),
        seat.sandbox.token_requests,
    )


def test_a_variable_that_was_overwritten_by_the_user_is_his(seat: NotebookUser):
    """What he puts in the place of ours is not overwritten by the next log-in, nor removed."""
    seat.log_in()
    seat.kernel.do("etna_session = 'mine'")
    assert "etna_session" in seat.kernel.run("%etna_login").error
    seat.kernel.run("%etna_logout")
    assert (["etna_session"], "mine") == (seat.kernel.ask(NAMES), seat.kernel.ask("etna_session"))


def test_deleted_variables_come_back(seat: NotebookUser):
    """After `del`, or `%reset`, the same line logs in again."""
    seat.log_in()
    seat.kernel.run("%reset -f")
    assert [] == seat.kernel.ask(NAMES)
    assert "ok" == seat.log_in().status
    assert ["etna_session", "etna_token"] == seat.kernel.ask(NAMES)


def test_a_name_in_another_script(seat: NotebookUser):
    """Any identifier of Python can name a log-in."""
    seat.log_in("börse_2")
    assert ["börse_2_session", "börse_2_token"] == seat.kernel.ask(NAMES)
    seat.age("börse_2", left=-3)
    assert seat.kernel.run("pass").texts[0].endswith("%etna_login börse_2")
