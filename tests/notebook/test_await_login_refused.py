"""Where nobody can be asked, or the kernel cannot serve a form, `await etna_magic.login()` fails at once."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

import etna_magic
from etna_magic import EtnaError, InvalidCredentialsError, NotLoggedInError
from etna_magic.notebook import async_login
from etna_magic.notebook.magics import EtnaMagics
from etna_magic.sandbox import Sandbox
from tests.helpers.ipython import set_credentials
from tests.helpers.notebook_user import NotebookUser
from tests.helpers.running_cell import RunningCell, open_widgets

CELL = "import etna_magic\nawait etna_magic.login()"
HAS_SESSION = "'etna_session' in globals()"


def test_a_kernel_that_asks_nobody(user: NotebookUser):
    """Under nbclient and papermill it fails at once with the variables' names, in one line."""
    run = user.kernel.run(CELL)
    assert run.error.startswith("MissingCredentialsError: ")
    names = ("ETNA_BASE_URL", "ETNA_APP_KEY", "ETNA_USERNAME", "ETNA_PASSWORD")
    assert [] == [name for name in names if name not in run.error]
    assert (1, False) == (len(run.error.splitlines()), user.kernel.ask(HAS_SESSION))


def test_no_input(user: NotebookUser):
    """The same with a user there who is not to be asked."""
    user.know(ETNA_PASSWORD="")
    run = RunningCell(user.kernel, CELL.replace("()", "(no_input=True)")).finish()
    assert run.error.startswith("MissingCredentialsError: ETNA_PASSWORD is not set")
    assert [] == open_widgets(user.kernel)


@pytest.mark.parametrize("version", ["7.3.0", "7.3.0rc1", "6.29.5", "6.31.0"])
def test_an_older_kernel(monkeypatch, version):
    """A kernel that serves no form while a cell waits is refused, with its version and the way out."""
    monkeypatch.setattr(async_login, "version", lambda _: version)
    with pytest.raises(NotLoggedInError) as caught:
        async_login._refuse_older_kernel()
    assert [] == [word for word in (version, "7.4", "%etna_login") if word not in str(caught.value)]


@pytest.mark.parametrize("version", ["7.4.0", "7.10.1", "8.0.0a1"])
def test_a_later_kernel(monkeypatch, version):
    """One that serves forms is used."""
    monkeypatch.setattr(async_login, "version", lambda _: version)
    async_login._refuse_older_kernel()


def test_no_kernel(monkeypatch):
    """Where there is no ipykernel, the error says so."""

    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(async_login, "version", missing)
    with pytest.raises(NotLoggedInError, match=r"ipykernel not installed"):
        async_login._refuse_older_kernel()


@contextmanager
def older(user: NotebookUser) -> Iterator[None]:
    """Let the kernel be of a version that serves no form while a cell waits."""
    user.kernel.do(
        "import etna_magic.notebook.async_login as _a; _was, _a.version = _a.version, lambda _: '6.29.5'"
    )
    try:
        yield
    finally:
        user.kernel.do("_a.version = _was")


def test_an_older_kernel_shows_no_form(user: NotebookUser):
    """The cell fails at once, and nothing is left."""
    user.know(ETNA_PASSWORD="")
    with older(user):
        run = RunningCell(user.kernel, CELL).finish()
    assert run.error.startswith("NotLoggedInError: This kernel (ipykernel 6.29.5) serves no form")
    assert ([], False) == (open_widgets(user.kernel), user.kernel.ask(HAS_SESSION))


def test_an_older_kernel_with_all_that_is_needed(user: NotebookUser):
    """Where nothing has to be asked, it logs in like any other."""
    user.know()
    with older(user):
        assert "ok" == RunningCell(user.kernel, CELL).finish().status


# From here on without a kernel.


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, magics: EtnaMagics) -> Sandbox:
    """Have all that is needed in the environment; return the sandbox."""
    set_credentials(monkeypatch, sandbox, ETNA_BASE_URL=sandbox.base_url)
    return sandbox


def refused(kind: type[Exception], *arguments: object, **options: object) -> str:
    """Return the one line of a login that fails."""
    with pytest.raises(kind) as caught:
        asyncio.run(etna_magic.login(*arguments, **options))
    assert kind is type(caught.value)
    (line,) = str(caught.value).splitlines()
    return line


@pytest.mark.parametrize("name", ["not a name", "class", "", "a.b", 5, None])
def test_a_name_that_cannot_be(known: Sandbox, name):
    """What cannot be a part of a variable's name is a wrong option."""
    refused(UsageError, name)
    assert 0 == known.token_requests


@pytest.mark.parametrize(
    "options",
    [
        {"username": 5},
        {"code": 246810},
        {"base_url": b"https://api.example.com"},
        {"form": True, "no_input": True},
        {"form": True},
        {"sandbox": True, "remember": True},
        {"sandbox": True, "base_url": "https://api.example.com"},
    ],
    ids=str,
)
def test_options_that_do_not_fit(known: Sandbox, bare: InteractiveShell, options):
    """What %etna_login refuses as wrong options is refused here as well; a form needs a notebook."""
    refused(UsageError, **options)
    assert (0, False) == (known.token_requests, "etna_session" in bare.user_ns)


@pytest.mark.parametrize(
    "lifetime", ["soon", 0, "", -1, float("nan"), True, b"24h", ["24h"], etna_magic.Credentials], ids=str
)
def test_a_lifetime_that_is_none(known: Sandbox, lifetime):
    """One line names the option and says what to write."""
    line = refused(UsageError, lifetime=lifetime)
    assert ("lifetime=", True) == (line.split()[0], "24h" in line)
    assert 0 == known.token_requests


def test_a_variable_of_the_users_own(known: Sandbox, bare: InteractiveShell):
    """It is not overwritten, and no request is made."""
    bare.user_ns["etna_token"] = 7
    assert "etna_token is a variable of your own" in refused(EtnaError)
    assert (7, 0) == (bare.user_ns["etna_token"], known.token_requests)


def test_a_password_is_no_argument(known: Sandbox):
    """There is no argument for it, since a cell is saved."""
    assert "password" in refused(TypeError, password="x")


def test_a_login_that_the_server_refuses(known: Sandbox, bare: InteractiveShell, monkeypatch):
    """One request, one line, and nothing is left."""
    monkeypatch.setenv("ETNA_PASSWORD", "wrong")
    refused(InvalidCredentialsError)
    assert (1, False) == (known.token_requests, "etna_session" in bare.user_ns)
