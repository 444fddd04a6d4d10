"""Logging in from a kernel's environment and from files: one request, and a token that knows its end."""

import re
import time
from pathlib import Path

import pytest

from etna_magic.sandbox import Sandbox
from tests.helpers import accounts
from tests.helpers.kernel import LIMIT, Kernel
from tests.helpers.kernel_reset import NAMES
from tests.helpers.notebook_user import DAY, NotebookUser
from tests.helpers.server import ScriptedServer, answer

INFO = "'v1.0/users/@me/info'"
CALL = f"etna_session.get({INFO}).status_code"


def before_in(line: str) -> list[str]:
    """Return the sentences of a line of success that say which account its name had before."""
    return re.findall(r"Until now .*?\.(?= |$)", line)


def test_one_request_with_the_credentials(kernel: Kernel, server: ScriptedServer) -> None:
    """A login from the environment is exactly one POST, with what the environment says."""
    kernel.set_environment(**accounts.variables(server.base_url))
    run = kernel.run("%etna_login")
    assert ("ok", 1, 1) == (run.status, len(server.received), len(run.outputs))
    request = server.received[0]
    assert ("POST", "/api/token", b"") == (request.method, request.target, request.body)
    sent = [request.values(name) for name in ("Et-App-Key", "Username", "Password")]
    assert [[accounts.APP_KEY], [accounts.USERNAME], [accounts.PASSWORD]] == sent
    assert accounts.TOKEN == kernel.ask("etna_token.get_secret_value()")


def test_it_ends_a_day_after_the_request_was_sent(kernel: Kernel) -> None:
    """The 24 hours run from the sending: after the cell began, before the server had the request."""
    received: list[float] = []

    def note(connection, _):
        received.append(time.time())
        connection.sendall(answer(200, accounts.SUCCESS))

    with ScriptedServer(note) as server:
        kernel.set_environment(**accounts.variables(server.base_url))
        began = time.time()
        kernel.run("%etna_login")
    issued, expires = kernel.ask("[etna_token.issued_at.timestamp(), etna_token.expires_at.timestamp()]")
    assert began <= issued <= received[0]
    assert expires - issued == pytest.approx(DAY, abs=1e-3)


def test_both_times_are_aware_utc(user: NotebookUser) -> None:
    """They have their zone, and it is UTC."""
    user.log_in()
    zones = "[str(m.tzinfo) for m in (etna_token.issued_at, etna_token.expires_at)]"
    assert ["UTC", "UTC"] == user.kernel.ask(zones)


def test_the_line_says_who_where_until_when_and_the_variables(user: NotebookUser) -> None:
    """Success is one line, in text and in HTML, with the local zone and LIVE; the session works."""
    run = user.log_in()
    until = user.kernel.ask("etna_token.expires_at.astimezone().strftime('%Y-%m-%d %H:%M:%S %Z')")
    where = f"{user.sandbox.base_url} (LIVE)"
    assert [f"Logged in as demo at {where} until {until} (24 h): etna_token, etna_session."] == run.texts
    assert ["text/html", "text/plain"] == sorted(run.bundles[0])
    assert ["'demo'"] == user.kernel.run(f"etna_session.get({INFO}).json()['Login']").texts


def test_a_dotenv_in_a_parent_directory(user: NotebookUser, tmp_path: Path) -> None:
    """A `.env` is found from the working directory upwards, and not written into `os.environ`."""
    (tmp_path / ".env").write_text(accounts.env_file(user.credentials()))
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    user.kernel.do(f"import os; os.chdir({str(below)!r})")
    before = user.kernel.ask("dict(os.environ)")
    assert "ok" == user.kernel.run("%etna_login").status
    assert before == user.kernel.ask("dict(os.environ)")


def test_a_named_file(user: NotebookUser, tmp_path: Path) -> None:
    """`--env-file` reads the file that it names, blanks in its path included."""
    path = tmp_path / "my settings.env"
    path.write_text(accounts.env_file(user.credentials()))
    assert "ok" == user.kernel.run(f"%etna_login -e '{path}'").status


def test_the_first_source_wins(kernel: Kernel, server: ScriptedServer, tmp_path: Path) -> None:
    """Options outrank the named file, that the environment, that a `.env`."""

    def named(source: str, *names: str) -> dict[str, str]:
        return {f"ETNA_{name}": f"{source}-{name}" for name in names}

    everything = ("APP_KEY", "USERNAME", "PASSWORD")
    dotenv = named("dotenv", *everything) | {"ETNA_BASE_URL": server.base_url}
    (tmp_path / ".env").write_text(accounts.env_file(dotenv))
    (tmp_path / "named.env").write_text(accounts.env_file(named("file", "USERNAME", "PASSWORD")))
    kernel.set_environment(**named("environment", *everything))
    kernel.run("%etna_login -e named.env -u option-USERNAME")
    kernel.run("%etna_login second")
    sent = [[r.values(n)[0] for n in ("Username", "Password", "Et-App-Key")] for r in server.received]
    assert ["option-USERNAME", "file-PASSWORD", "environment-APP_KEY"] == sent[0]
    assert ["environment-USERNAME", "environment-PASSWORD", "environment-APP_KEY"] == sent[1]


def test_a_lifetime_from_each_source(user: NotebookUser) -> None:
    """Option, variable and `%config` set the lifetime, in that order."""
    user.know()
    found = []
    for code in ("%config EtnaMagics.lifetime = '3h'", "%env ETNA_TOKEN_LIFETIME=2h", ""):
        option = "" if code else "--lifetime 90m"
        user.kernel.run(f"{code}\n%etna_login {option}")
        found.append(user.kernel.ask("etna_token.lifetime.total_seconds()"))
    assert [3 * 3600, 2 * 3600, 90 * 60] == found


def test_a_server_that_never_answers(kernel: Kernel, server: ScriptedServer) -> None:
    """A login waits as long as `%config EtnaMagics.timeout` says, and leaves no variable."""
    server.play(server.stay_silent)
    kernel.set_environment(**accounts.variables(server.base_url))
    kernel.run("%config EtnaMagics.timeout = 0.3")
    began = time.monotonic()
    run = kernel.run("%etna_login --no-input")
    # The default is as long as a cell may take here.
    assert (True, 1) == (0.3 <= time.monotonic() - began < LIMIT / 2, len(server.received))
    assert ("error", "ConnectionFailedError") == (run.status, run.reply["ename"])
    assert ("it took too long to answer" in run.error, []) == (True, kernel.ask(NAMES)), run.error


def test_after_reset(user: NotebookUser) -> None:
    """`%reset` deletes our variables with the user's own, and the same line logs in again."""
    user.log_in()
    user.kernel.run("%reset -f")
    assert [] == user.kernel.ask(NAMES)
    assert "ok" == user.log_in().status
    assert ["etna_session", "etna_token"] == user.kernel.ask(NAMES)


def test_a_token_that_was_replaced_is_good_on_the_server(user: NotebookUser) -> None:
    """A new login of the same account ends nothing: the old token and the session both work."""
    user.log_in()
    user.kernel.do("old, held = etna_token, etna_session")
    user.log_in()
    with_the_old = f"__import__('requests').get(old.base_url + '/' + {INFO}, auth=old).status_code"
    assert [True, True, 200, 200] == user.kernel.ask(
        f"[old is not etna_token, held is etna_session, held.get({INFO}).status_code, {with_the_old}]"
    )


def test_another_account_gets_a_session_of_its_own(user: NotebookUser) -> None:
    """Nothing that holds the old session goes on as somebody else: it is closed, and names both accounts."""
    user.log_in()
    user.kernel.do("held = etna_session")
    user.log_in("-u lockout", user="lockout")
    assert ["lockout", False] == user.kernel.ask(
        f"[etna_session.get({INFO}).json()['Login'], held is etna_session]"
    )
    at, requests = f"at {user.sandbox.base_url}", len(user.sandbox.seen)
    for call in ("get", "post"):
        error = user.kernel.run(f"held.{call}('x')").error
        assert error.startswith(
            f"NotLoggedInError: etna is lockout {at} now, and this session was of demo {at}."
        )
    assert requests == len(user.sandbox.seen)


def test_the_line_says_which_account_was_there_before(user: NotebookUser) -> None:
    """Another user under a name is named once; the line says what became of that session."""
    user.log_in("paper")
    line = user.log_in("paper -u lockout", user="lockout").texts[0]
    said = (
        "Until now paper was demo at the same server: that session is closed, and paper_session is a new one."
    )
    assert [said] == before_in(line)
    assert [] == before_in(user.kernel.run("%etna_login paper").texts[0])


def test_the_line_says_which_server_was_there_before(user: NotebookUser) -> None:
    """The same user at another server is another account."""
    user.log_in()
    with Sandbox() as elsewhere:
        line = NotebookUser(user.kernel, elsewhere).log_in(f"-b {elsewhere.base_url}").texts[0]
    before = f"Until now etna was demo at {user.sandbox.base_url}: "
    assert [f"{before}that session is closed, and etna_session is a new one."] == before_in(line)


def test_the_line_says_nothing_of_the_same_account(user: NotebookUser) -> None:
    """The first login, the same again, another name, and one after a logout have nothing before them."""
    lines = [
        user.log_in(name, account).texts[0]
        for name, account in (("", "demo"), ("", "demo"), ("b", "lockout"))
    ]
    user.kernel.run("%etna_logout")
    lines += user.log_in("-u lockout", user="lockout").texts
    assert [True] * 4 == [line.startswith("Logged in as ") for line in lines]
    assert [[]] * 4 == [before_in(line) for line in lines]


@pytest.fixture
def nowhere(user: NotebookUser, tmp_path: Path):
    """Return a user whose kernel works in a directory that was deleted."""
    user.kernel.do("import os; os.mkdir('gone'); os.chdir('gone'); os.rmdir(os.path.abspath('.'))")
    assert "FileNotFoundError" == user.kernel.run("os.getcwd()").reply["ename"]
    yield user
    user.kernel.do(f"import os; os.chdir({str(tmp_path)!r})")


@pytest.mark.parametrize("line", ["%etna_login", "import etna_magic\nawait etna_magic.login();"])
def test_in_a_directory_that_was_deleted(nowhere: NotebookUser, line) -> None:
    """Where no `.env` can be looked for, what the environment says logs in, and again."""
    nowhere.know()
    runs = [nowhere.kernel.run(line) for _ in range(2)]
    assert [True, True] == [run.texts[0].startswith("Logged in as demo") for run in runs], runs[0].texts
    assert 200 == nowhere.kernel.ask(CALL)


def test_something_is_missing_in_a_directory_that_was_deleted(nowhere: NotebookUser) -> None:
    """What is missing is named there as anywhere; so is a relative --env-file that is not there."""
    nowhere.kernel.set_environment(ETNA_BASE_URL=nowhere.sandbox.base_url)
    error = nowhere.kernel.run("%etna_login").error
    assert error.startswith("MissingCredentialsError: ETNA_APP_KEY, ETNA_USERNAME and ETNA_PASSWORD are not")
    error = nowhere.kernel.run("%etna_login -e night.env").error
    assert error.startswith("MissingCredentialsError: ")
    assert "night.env" in error
