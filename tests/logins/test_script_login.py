"""`etna_magic.connect()`: the same login from plain Python, with nothing of IPython around it."""

import asyncio
import subprocess
from pathlib import Path

import pexpect
import pytest

import etna_magic
from etna_magic import NotLoggedInError, Secret
from etna_magic.logins import LoginRegistry
from etna_magic.logins.login_command import log_in
from etna_magic.sandbox import Sandbox
from etna_magic.settings import LoginOptions
from tests.helpers import accounts
from tests.helpers.certificates import Certificates
from tests.helpers.clean_home import environment
from tests.helpers.ipython import shell
from tests.helpers.leaks import caught, leaks
from tests.helpers.script import NO_KEYRING, WITHOUT_IPYTHON, run, variables, write
from tests.helpers.server import ScriptedServer, answer
from tests.token_cache.helpers import change

NEEDED = ["ETNA_BASE_URL", "ETNA_APP_KEY", "ETNA_USERNAME", "ETNA_PASSWORD"]
CALL = "v1.0/users/@me/info"
CONNECT = f"""
import sys
import etna_magic
with etna_magic.connect() as session:
    print(session.get({CALL!r}).json()["Login"], session.token.username, type(session.token).__name__)
print([name for name in ("IPython", "ipywidgets", "traitlets", "ipykernel") if name in sys.modules])
"""


@pytest.fixture
def known(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Put what a login needs into the environment; return the sandbox."""
    for name, value in variables(sandbox).items():
        monkeypatch.setenv(name, value)
    return sandbox


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last line that a script wrote before it failed."""
    assert (1, "") == (done.returncode, done.stdout)
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("before", ["", WITHOUT_IPYTHON], ids=["not imported", "not installed"])
def test_no_ipython(sandbox: Sandbox, folder: Path, before: str) -> None:
    """A script logs in, calls and leaves, and IPython is neither imported nor needed; nothing is printed."""
    done = run(folder, before + CONNECT, **variables(sandbox))
    assert ("demo demo Token\n[]\n", "", 0) == (done.stdout, done.stderr, done.returncode)
    assert 1 == sandbox.token_requests


def test_the_embedded_sandbox_needs_no_ipython(folder: Path) -> None:
    """With `sandbox=True` nothing else has to be known."""
    done = run(folder, WITHOUT_IPYTHON + CONNECT.replace("connect()", "connect(sandbox=True)"))
    assert ("demo demo Token\n[]\n", "") == (done.stdout, done.stderr)


def test_a_renewal_needs_no_ipython(sandbox: Sandbox, folder: Path) -> None:
    """With `auto_renew=True` a token that has ended is replaced at a call."""
    source = f"""
import etna_magic
session = etna_magic.connect(auto_renew=True)
session.token.end("was ended by a test")
print(session.get({CALL!r}).status_code)
"""
    done = run(folder, WITHOUT_IPYTHON + source, **variables(sandbox))
    assert ("200\n", "", 2) == (done.stdout, done.stderr, sandbox.token_requests)


def dotenv(values: dict[str, str]) -> str:
    """Return variables as a file in `.env` form."""
    return "".join(f"{name}='{value}'\n" for name, value in values.items())


def test_the_sources(sandbox: Sandbox, folder: Path) -> None:
    """They are those of `%etna_login`, first wins: options, the named file, the environment, a `.env`."""
    values = variables(sandbox)
    (folder / ".env").write_text(dotenv(values | {"ETNA_USERNAME": "from-dotenv"}))
    (folder / "named.env").write_text(dotenv({"ETNA_USERNAME": "from-file", "ETNA_PASSWORD": "x"}))
    source = """
import etna_magic, sys
for options in ({}, {"env_file": "named.env"}, {"env_file": "named.env", "username": "demo"}):
    try:
        print(etna_magic.connect(**options).token.username)
    except etna_magic.InvalidCredentialsError:
        print("refused")
"""
    seen = run(folder, source)
    assert ("refused\nrefused\nrefused\n", "") == (seen.stdout, seen.stderr)
    seen = run(folder, source, ETNA_USERNAME="demo")
    assert "demo\nrefused\nrefused\n" == seen.stdout
    (folder / "named.env").write_text(dotenv({"ETNA_USERNAME": "from-file"}))
    assert "refused\nrefused\ndemo\n" == run(folder, source).stdout


def test_what_is_missing_is_named(folder: Path) -> None:
    """Where there is no terminal it fails at once, and the last line names the four variables."""
    done = run(folder, CONNECT)
    line = last_line(done)
    assert line.startswith("etna_magic.exceptions.MissingCredentialsError: ")
    assert [] == [name for name in NEEDED if name not in line]
    assert "During handling" not in done.stderr
    assert "direct cause" not in done.stderr


def test_a_code_that_nobody_can_give(sandbox: Sandbox, folder: Path) -> None:
    """The last line names the option of the call that would have answered."""
    line = last_line(run(folder, CONNECT, **variables(sandbox, "twofactor")))
    assert line.startswith("etna_magic.exceptions.VerificationError: The server asks for a code")
    assert "code=" in line


@pytest.mark.parametrize("option", ["", "prompt=True"])
def test_a_terminal_is_asked(sandbox: Sandbox, folder: Path, option: str) -> None:
    """On a terminal what is missing is asked for, secrets unseen, and then the code."""
    values = variables(sandbox, "twofactor")
    password, key = values.pop("ETNA_PASSWORD"), values.pop("ETNA_APP_KEY")
    command = write(folder, WITHOUT_IPYTHON + CONNECT.replace("connect()", f"connect({option})"))
    child = pexpect.spawn(
        command[0],
        command[1:],
        cwd=str(folder),
        env=environment(folder / "home", **NO_KEYRING, **values),
        encoding="utf-8",
        timeout=40,
    )
    shown = ""
    for question, typed in (("App key", key), ("Password", password), ("Code", "246810")):
        child.expect_exact(question)
        shown += child.before
        child.expect_exact(": ")
        child.sendline(typed)
    child.expect(pexpect.EOF)
    child.close()
    shown += child.before
    assert (0, True) == (child.exitstatus, "twofactor twofactor Token" in shown)
    assert [] == [secret for secret in (password, key) if secret in shown]


def test_a_terminal_that_must_not_be_asked(folder: Path) -> None:
    """With `no_input=True` not even a terminal is asked."""
    command = write(folder, CONNECT.replace("connect()", "connect(no_input=True)"))
    shown, code = pexpect.run(
        " ".join(command), cwd=str(folder), env=environment(folder / "home"), withexitstatus=True, timeout=40
    )
    assert (1, True) == (code, b"MissingCredentialsError" in shown)


USERS = [
    "refused", "expired", "keyless", "keyless-403", "throttled", "broken", "gateway", "webterminal", "riddle",
    "pin-unset", "twofactor", "pin", "nobody",
]  # fmt: skip


@pytest.mark.parametrize("user", USERS)
def test_the_errors_are_the_same(known: Sandbox, monkeypatch: pytest.MonkeyPatch, user: str) -> None:
    """Class and sentence are those of `%etna_login`, without a cause; no frame holds a secret."""
    monkeypatch.setenv("ETNA_USERNAME", user)
    monkeypatch.setenv("ETNA_PASSWORD", "Hunter2-typed" if user == "nobody" else known.password_of(user))
    options = LoginOptions(ask="never")
    expected = caught(lambda: log_in(LoginRegistry({}), options, None))
    error = caught(lambda: etna_magic.connect(no_input=True))
    assert (type(expected), str(expected)) == (type(error), str(error))
    assert [None, None] == [error.__cause__, error.__context__]
    secrets = [known.app_key, "Hunter2-typed", known.password_of("demo")]
    assert [] == leaks(error, secrets)


def test_a_code_is_in_no_frame(known: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong code that was given is told of without it."""
    monkeypatch.setenv("ETNA_USERNAME", "twofactor")
    monkeypatch.setenv("ETNA_PASSWORD", known.password_of("twofactor"))
    error = caught(lambda: etna_magic.connect(code="CODE-SECRET-081", no_input=True))
    assert (etna_magic.VerificationError, []) == (type(error), leaks(error, ["CODE-SECRET-081"]))


@pytest.mark.parametrize("code", ["246810", Secret("246810")])
def test_a_code_that_is_given(known: Sandbox, monkeypatch: pytest.MonkeyPatch, code) -> None:
    """A code answers the server's question, as text or as a `Secret`."""
    monkeypatch.setenv("ETNA_USERNAME", "twofactor")
    monkeypatch.setenv("ETNA_PASSWORD", known.password_of("twofactor"))
    with etna_magic.connect(code=code) as session:
        assert session.token.took_code


def code_now() -> str:
    """Return a code as a mailbox would."""
    return "246810\n"


async def code_later() -> Secret:
    """Return one by and by."""
    await asyncio.sleep(0)
    return Secret("246810")


@pytest.mark.parametrize("function", [code_now, code_later])
def test_a_function_for_codes(known: Sandbox, monkeypatch: pytest.MonkeyPatch, function) -> None:
    """It is asked at the login and at each renewal."""
    monkeypatch.setenv("ETNA_USERNAME", "twofactor")
    monkeypatch.setenv("ETNA_PASSWORD", known.password_of("twofactor"))
    with etna_magic.connect(code=function, auto_renew=True) as session:
        session.token.end("was ended by a test")
        assert (200, 4) == (session.get(CALL).status_code, known.token_requests)


def test_leaving_it(known: Sandbox) -> None:
    """After the `with` the session has no token and renews nothing; the server's token is as it was."""
    with etna_magic.connect(auto_renew=True, name="night") as session:
        token = session.token
    error = caught(lambda: session.get(CALL))
    assert NotLoggedInError is type(error)
    assert "night was closed; call etna_magic.connect() again." == str(error)
    assert [None, 1] == [session.holder.refresher, known.token_requests]
    assert [] == leaks(error, [token.get_secret_value(), known.app_key])
    with etna_magic.EtnaSession("check") as check:
        check.holder.put(token)
        assert 200 == check.get(CALL).status_code


def test_closing_it_twice(known: Sandbox) -> None:
    """Closing is for good, and may be repeated."""
    session = etna_magic.connect()
    session.close()
    session.close()
    assert NotLoggedInError is type(caught(lambda: session.token))


def test_a_logout_before(known: Sandbox) -> None:
    """As the docstring says, a call ends the token on the server."""
    with etna_magic.connect() as session:
        token = session.token
        assert session.post("logout").ok
    with etna_magic.EtnaSession("check") as check:
        check.holder.put(token)
        assert etna_magic.TokenExpiredError is type(caught(lambda: check.get(CALL)))


def test_a_token_that_has_ended(known: Sandbox) -> None:
    """The error of a call names the function of a script, and no magic."""
    with etna_magic.connect() as session:
        known.revoke_all()
        error = caught(lambda: session.get(CALL))
    assert str(error).endswith("To log in again, call etna_magic.connect() again.")
    assert "%" not in str(error)


def test_remembering(sandbox: Sandbox, folder: Path) -> None:
    """The next run uses the token with no request, and leaving the first has not ended it."""
    source = CONNECT.replace("connect()", "connect(remember=True)")
    texts = [run(folder, source, **variables(sandbox)).stdout for _ in range(3)]
    assert (["demo demo Token\n[]\n"] * 3, 1) == (texts, sandbox.token_requests)


def test_a_notebook_remembers_for_a_script(known: Sandbox) -> None:
    """Both have one cache: what a login in IPython has kept, a script uses."""
    with shell() as running:
        running.run_line_magic("etna_login", "--remember")
        text = running.user_ns["etna_token"].get_secret_value()
        with etna_magic.connect(remember=True) as session:
            assert (text, 1) == (session.token.get_secret_value(), known.token_requests)


def test_what_is_wrong_with_remembering_is_logged(
    known: Sandbox, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder that cannot be used stops no login, and a warning says what was wrong."""
    state = folder / "home" / ".local" / "state"
    state.parent.mkdir(parents=True)
    state.write_text("a file where a folder should be")
    with etna_magic.connect(remember=True) as session:
        assert 200 == session.get(CALL).status_code
    assert ["WARNING"] == [record.levelname for record in caplog.records]
    assert "etna: " in caplog.text


def test_a_remembered_token_that_was_refused(
    known: Sandbox, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is found out before it is used, and a warning says so; then the script logs in."""
    with etna_magic.connect(remember=True) as session:
        issued = session.token.issued_at.timestamp()
    (kept,) = (folder / "home").rglob("tokens/*")
    change(kept, issued_at=issued - 120)  # what is younger than a minute is not asked about
    known.revoke_all()
    with etna_magic.connect(remember=True) as session:
        assert (200, 2) == (session.get(CALL).status_code, known.token_requests)
    assert ["etna: the server refuses the token that was remembered; it was deleted."] == caplog.messages


def test_in_ipython(known: Sandbox) -> None:
    """It may be called there too, and puts nothing into the namespace."""
    with shell() as running:
        running.run_cell("import etna_magic\nheld = etna_magic.connect()", store_history=False)
        assert 200 == running.user_ns["held"].get(CALL).status_code
        assert [] == [name for name in running.user_ns if name.startswith("etna_") and name != "etna_magic"]
        running.user_ns["held"].close()


def test_two_of_one_name(known: Sandbox) -> None:
    """Each call gives a session of its own; closing one leaves the other."""
    first, second = etna_magic.connect(), etna_magic.connect()
    first.close()
    assert 200 == second.get(CALL).status_code
    second.close()


@pytest.mark.parametrize(
    ("options", "kind", "named"),
    [
        ({"lifetime": "soon"}, ValueError, "lifetime="),
        ({"timeout": 0}, ValueError, "timeout="),
        ({"trust": "windows"}, ValueError, "trust= is 'certifi' or 'system'."),
        ({"timeout": "5"}, TypeError, "timeout="),
        ({"prompt": True, "no_input": True}, ValueError, "prompt= and no_input="),
        ({"sandbox": True, "base_url": "https://api.example.com"}, ValueError, "sandbox="),
        ({"username": 5}, TypeError, "username"),
        ({"password": "x"}, TypeError, "password"),
        ({"name": "a b"}, ValueError, "something else than letters"),
    ],
    ids=str,
)
def test_options_that_do_not_fit(known: Sandbox, options: dict, kind: type, named: str) -> None:
    """They are refused before anything is sent, by the exceptions that Python's own functions raise."""
    with pytest.raises(kind, match=named):
        etna_magic.connect(**options)
    assert 0 == known.token_requests


def test_the_systems_certificates(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """`trust="system"` is for the login and for the calls."""
    certificates = Certificates(tmp_path_factory.mktemp("certificates"))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    tls = certificates.signed("good", "here", "20200101000000Z", "20491231000000Z")
    for name, value in {"ETNA_APP_KEY": "a2V5", "ETNA_USERNAME": "alice", "ETNA_PASSWORD": "x"}.items():
        monkeypatch.setenv(name, value)
    with ScriptedServer(answer(200, accounts.SUCCESS), tls=tls) as server:
        assert "unknown issuer" in str(caught(lambda: etna_magic.connect(base_url=server.base_url)))
        with etna_magic.connect(base_url=server.base_url, trust="system") as session:
            assert (200, 2) == (session.get(CALL).status_code, len(server.received))


def test_read_only(known: Sandbox) -> None:
    """With `read_only=True` nothing but reads leaves."""
    with etna_magic.connect(read_only=True) as session:
        assert 200 == session.get(CALL).status_code
        before = len(known.seen)
        assert etna_magic.ReadOnlyError is type(caught(lambda: session.post("v1.0/accounts/1/orders")))
        assert before == len(known.seen)


def test_the_timeout(known: Sandbox) -> None:
    """It is the session's, too."""
    with etna_magic.connect(timeout=7.5) as session:
        assert 7.5 == session.timeout


def test_login_outside_ipython(folder: Path) -> None:
    """`await etna_magic.login()` in a script names the function to call."""
    source = "import asyncio, etna_magic\nasyncio.run(etna_magic.login(no_input=True))"
    line = last_line(run(folder, source))
    assert line.startswith("etna_magic.exceptions.EtnaError: etna_magic.login() puts a login into an IPython")
    assert "Call etna_magic.connect()" in line
