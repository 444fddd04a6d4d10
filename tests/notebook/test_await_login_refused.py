"""Where nobody can be asked, or the kernel cannot serve a form, `await etna_magic.login()` fails at once."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version

import ipykernel
import pytest
from ipykernel import kernelbase
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

import etna_magic
from etna_magic import EtnaError, InvalidCredentialsError, NotLoggedInError
from etna_magic.notebook import async_login
from etna_magic.notebook.magics import EtnaMagics
from etna_magic.sandbox import Sandbox
from tests.ask import kernels
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


class Served(kernelbase.Kernel):
    """A kernel of ipykernel's that works on a request of JupyterLab's, and is not started."""

    def __init__(self) -> None:
        pass

    def get_parent(self, channel: str) -> Mapping[str, object]:
        """Return the request."""
        return kernels.LAB.get_parent(channel)


@pytest.mark.parametrize("version", ["7.3.0", "7.3.0rc1", "6.29.5", "6.31.0"])
def test_an_older_kernel(monkeypatch, version):
    """A kernel that serves no form while a cell waits is refused, with its version and the way out."""
    monkeypatch.setattr(ipykernel, "__version__", version)
    with pytest.raises(NotLoggedInError) as caught:
        async_login._refuse_unserved_form(Served())
    assert [] == [word for word in (version, "7.4", "%etna_login") if word not in str(caught.value)]


@pytest.mark.parametrize("version", ["7.4.0", "7.10.1", "8.0.0a1"])
def test_a_later_kernel(monkeypatch, version):
    """One that serves forms is used."""
    monkeypatch.setattr(ipykernel, "__version__", version)
    async_login._refuse_unserved_form(Served())


@pytest.mark.parametrize(
    ("kernel", "reason", "way_out"),
    [
        (kernels.LAB, "none of ipykernel's", "%etna_login in a cell of its own, or login(prompt=True)"),
        (kernels.CLASSIC, "not known", "%etna_login in a cell of its own, or login(prompt=True)"),
        (kernels.MERCURY, "This page serves no form", "%etna_login --form in a cell of its own"),
    ],
)
def test_other_kernels_and_front_ends(kernel, reason, way_out):
    """Where a form would be shown and not served, one line names what works there."""
    with pytest.raises(NotLoggedInError) as caught:
        async_login._refuse_unserved_form(kernel)
    assert [] == [text for text in (reason, way_out) if text not in str(caught.value)]


def test_the_version_is_the_one_of_ipykernel(user: NotebookUser):
    """A kernel says IPython's version of itself, so the package's own is asked for."""
    assert version("ipykernel") == user.kernel.ask("__import__('ipykernel').__version__")
    assert version("ipython") == user.kernel.ask("get_ipython().kernel.implementation_version")


@contextmanager
def older(user: NotebookUser) -> Iterator[None]:
    """Let the kernel be of a version that serves no form while a cell waits."""
    user.kernel.do("import ipykernel as _a; _was, _a.__version__ = _a.__version__, '6.29.5'")
    try:
        yield
    finally:
        user.kernel.do("_a.__version__ = _was")


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


def test_an_older_kernel_and_a_code(user: NotebookUser):
    """A code that the server sent is asked for by the input line: to refuse would cost another one."""
    user.know("twofactor")
    with older(user):
        run = user.kernel.run(CELL, allow_stdin=True, answers=["246810"])
    assert ("ok", ["Code (sent by e-mail or SMS): "]) == (run.status, [question for question, _ in run.asked])
    assert 2 == user.sandbox.token_requests


def test_a_console(user: NotebookUser):
    """It shows no form, so a prompt asks, also while a cell waits; a form is refused with that."""
    user.know(ETNA_PASSWORD="")
    refused = user.kernel.run(CELL.replace("()", "(form=True)"), allow_stdin=True, is_console=True)
    assert refused.error.endswith("A console shows no form: use --prompt.")
    answers = [user.sandbox.password_of("demo")]
    run = user.kernel.run(CELL, allow_stdin=True, is_console=True, answers=answers)
    assert ("ok", [("Password (a Qt console shows it): ", True)]) == (run.status, run.asked)
    assert [] == open_widgets(user.kernel)


@pytest.mark.parametrize("line", ["%etna_login", "%etna_login --form", "%etna_login --prompt"])
def test_a_page_of_voila(user: NotebookUser, line):
    """What is missing is named, with the option that asks for it on the page."""
    user.know(ETNA_PASSWORD="", VOILA_KERNEL_ID="a")
    try:
        run = user.kernel.run(line)
        waiting = user.kernel.run(CELL.replace("()", "(form=True)"))
    finally:
        user.kernel.do("import os; del os.environ['VOILA_KERNEL_ID']")
    if line.endswith("--form"):
        assert ("ok", True) == (run.status, bool(open_widgets(user.kernel)))
    else:
        assert run.error.endswith("To be asked on this page, run %etna_login --form.")
        # The page leaves out what a cell raises, so a line above it says the same.
        assert run.error == f"MissingCredentialsError: {run.bundles[0]['text/plain']}"
    assert waiting.error.startswith("NotLoggedInError: This page serves no form while a cell waits. Run")


@pytest.mark.parametrize(
    "line", ["%etna_login --form", "import etna_magic; await etna_magic.login(form=True)"]
)
def test_a_form_that_nobody_would_see(user: NotebookUser, line):
    """Under nbclient it is not shown: a cell that shows one counts as run."""
    user.know(ETNA_PASSWORD="")
    run = user.kernel.run(line)
    assert run.error.startswith("MissingCredentialsError: ETNA_PASSWORD is not set: ")
    assert run.error.endswith("Nobody would see a form here, so --form shows none.")
    assert ([], 0) == (open_widgets(user.kernel), user.sandbox.token_requests)


# From here on without a kernel.


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, magics: EtnaMagics) -> Sandbox:
    """Have all that is needed in the environment; return the sandbox."""
    set_credentials(monkeypatch, sandbox, ETNA_BASE_URL=sandbox.base_url)
    return sandbox


def refused(kind: type[Exception], *arguments: object, **options: object) -> str:
    """Return what a login says that fails, in one line or two."""
    with pytest.raises(kind) as caught:
        asyncio.run(etna_magic.login(*arguments, **options))
    assert kind is type(caught.value)
    lines = str(caught.value).splitlines()
    assert len(lines) <= 2
    return " ".join(lines)


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
