"""Logging in from the environment and from files: one request, and a token that knows its end."""

import time

import pytest

from tests.helpers.kernel import Kernel
from tests.helpers.notebook_user import DAY, NotebookUser
from tests.helpers import accounts
from tests.helpers.server import ScriptedServer, answer


def credentials(server: ScriptedServer, **changes: str) -> dict[str, str]:
    """Return the variables that lead to a scripted server."""
    mine = {
        "ETNA_BASE_URL": server.base_url,
        "ETNA_APP_KEY": accounts.APP_KEY,
        "ETNA_USERNAME": accounts.USERNAME,
        "ETNA_PASSWORD": accounts.PASSWORD,
    }
    return mine | changes


def env_file(variables: dict[str, str]) -> str:
    """Return the text of a ``.env`` file."""
    return "".join(f"{name}='{value}'\n" for name, value in variables.items())


@pytest.fixture
def server():
    """Run a server that lets everybody in."""
    with ScriptedServer(answer(200, accounts.SUCCESS)) as running:
        yield running


def test_one_request_that_carries_the_credentials(kernel: Kernel, server: ScriptedServer):
    """A log-in from the environment is exactly one POST, with what the environment says."""
    kernel.set_environment(**credentials(server))
    run = kernel.run("%etna_login")
    assert ("ok", 1, 1) == (run.status, len(server.received), len(run.outputs))
    request = server.received[0]
    assert ("POST", "/api/token", b"") == (request.method, request.target, request.body)
    sent = [request.values(name) for name in ("Et-App-Key", "Username", "Password")]
    assert [[accounts.APP_KEY], [accounts.USERNAME], [accounts.PASSWORD]] == sent


def test_the_token_is_the_servers_text(kernel: Kernel, server: ScriptedServer):
    """`etna_token.value` is what the server sent, byte for byte."""
    kernel.set_environment(**credentials(server))
    kernel.run("%etna_login")
    assert accounts.TOKEN == kernel.ask("etna_token.value")


def test_it_ends_a_day_after_the_request_was_sent(kernel: Kernel):
    """The 24 hours run from the sending: after the cell began, before the server had the request."""
    heard: list[float] = []

    def note(connection, _):
        heard.append(time.time())
        connection.sendall(answer(200, accounts.SUCCESS))

    with ScriptedServer(note) as server:
        kernel.set_environment(**credentials(server))
        began = time.time()
        kernel.run("%etna_login")
    issued, expires = kernel.ask("[etna_token.issued_at.timestamp(), etna_token.expires_at.timestamp()]")
    assert began <= issued <= heard[0]
    assert expires - issued == pytest.approx(DAY, abs=1e-3)


def test_both_moments_are_aware_utc(seat: NotebookUser):
    """The moments carry their zone, and it is UTC."""
    seat.log_in()
    zones = "[str(m.tzinfo) for m in (etna_token.issued_at, etna_token.expires_at)]"
    assert ["UTC", "UTC"] == seat.kernel.ask(zones)


def test_the_line_says_who_where_and_until_when(seat: NotebookUser):
    """Success is one line, in text and in HTML, with the local zone and LIVE."""
    run = seat.log_in()
    until = seat.kernel.ask("etna_token.expires_at.astimezone().strftime('%Y-%m-%d %H:%M:%S %Z')")
    line = f"Logged in as demo at {seat.sandbox.base_url} (LIVE) until {until} (24 h)."
    assert [line] == run.texts
    assert ["text/html", "text/plain"] == sorted(run.bundles[0])


def test_a_dotenv_in_a_parent_directory(seat: NotebookUser, tmp_path):
    """A `.env` is found from the working directory upwards."""
    (tmp_path / ".env").write_text(env_file(seat.credentials()))
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    seat.kernel.do(f"import os; os.chdir({str(below)!r})")
    assert "ok" == seat.kernel.run("%etna_login").status


def test_a_named_file(seat: NotebookUser, tmp_path):
    """`--env-file` reads the file that it names, blanks in its path included."""
    path = tmp_path / "my settings.env"
    path.write_text(env_file(seat.credentials()))
    assert "ok" == seat.kernel.run(f"%etna_login -e '{path}'").status


def test_first_wins(kernel: Kernel, server: ScriptedServer, tmp_path):
    """Options outrank the named file, that the environment, that a `.env`."""

    def named(source: str, *names: str) -> dict[str, str]:
        return {f"ETNA_{name}": f"{source}-{name}" for name in names}

    everything = ("APP_KEY", "USERNAME", "PASSWORD")
    dotenv = named("dotenv", *everything) | {"ETNA_BASE_URL": server.base_url}
    (tmp_path / ".env").write_text(env_file(dotenv))
    (tmp_path / "named.env").write_text(env_file(named("file", "USERNAME", "PASSWORD")))
    kernel.set_environment(**named("environment", *everything))
    kernel.run("%etna_login -e named.env -u option-USERNAME")
    kernel.run("%etna_login second")
    heard = [[r.values(n)[0] for n in ("Username", "Password", "Et-App-Key")] for r in server.received]
    assert ["option-USERNAME", "file-PASSWORD", "environment-APP_KEY"] == heard[0]
    assert ["environment-USERNAME", "environment-PASSWORD", "environment-APP_KEY"] == heard[1]


def test_nothing_is_written_to_the_environment(seat: NotebookUser, tmp_path):
    """What a file says does not get into `os.environ`."""
    (tmp_path / ".env").write_text(env_file(seat.credentials()))
    before = seat.kernel.ask("dict(__import__('os').environ)")
    assert "ok" == seat.kernel.run("%etna_login").status
    assert before == seat.kernel.ask("dict(__import__('os').environ)")


def test_a_lifetime_from_each_place(seat: NotebookUser, tmp_path):
    """Option, variable and `%config` set the lifetime, in that order."""
    seat.know()
    seconds = "etna_token.lifetime.total_seconds()"
    found = []
    for code in ("%config EtnaMagics.lifetime = '3h'", "%env ETNA_TOKEN_LIFETIME=2h", ""):
        option = "" if code else "--lifetime 90m"
        seat.kernel.run(f"{code}\n%etna_login {option}")
        found.append(seat.kernel.ask(seconds))
    assert [3 * 3600, 2 * 3600, 90 * 60] == found


def test_the_session_works(seat: NotebookUser):
    """The session that a log-in leaves calls the API with the token."""
    seat.log_in()
    run = seat.kernel.run("etna_session.get('v1.0/users/@me/info').json()['Login']")
    assert ["'demo'"] == run.texts


@pytest.fixture
def nowhere(seat: NotebookUser, tmp_path):
    """Return a seat whose kernel works in a directory that was deleted."""
    seat.kernel.do("import os; os.mkdir('gone'); os.chdir('gone'); os.rmdir(os.path.abspath('.'))")
    assert "FileNotFoundError" == seat.kernel.run("os.getcwd()").reply["ename"]
    yield seat
    seat.kernel.do(f"import os; os.chdir({str(tmp_path)!r})")


@pytest.mark.parametrize("line", ["%etna_login", "import etna_magic\nawait etna_magic.login();"])
def test_in_a_directory_that_was_deleted(nowhere: NotebookUser, line):
    """Where no `.env` can be looked for, what the environment says logs in, and again."""
    nowhere.know()
    runs = [nowhere.kernel.run(line) for _ in range(2)]
    assert [True, True] == [run.texts[0].startswith("Logged in as demo") for run in runs], runs[0].texts
    assert 200 == nowhere.kernel.ask("etna_session.get('v1.0/users/@me/info').status_code")


def test_something_is_missing_in_a_directory_that_was_deleted(nowhere: NotebookUser):
    """What is missing is named there as anywhere."""
    nowhere.kernel.set_environment(ETNA_BASE_URL=nowhere.sandbox.base_url)
    error = nowhere.kernel.run("%etna_login").error
    assert error.startswith("MissingCredentialsError: ETNA_APP_KEY, ETNA_USERNAME and ETNA_PASSWORD are not")


def test_a_named_file_in_a_directory_that_was_deleted(nowhere: NotebookUser):
    """A relative --env-file that is nowhere is one line that names it."""
    run = nowhere.kernel.run("%etna_login -e night.env")
    assert ("error", "MissingCredentialsError") == (run.status, run.reply["ename"])
    assert "night.env" in run.error
