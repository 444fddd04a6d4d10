"""Several logins side by side, a new one under an old name, and variables that are not ours."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from IPython.core.interactiveshell import InteractiveShell

from etna_magic import EtnaError
from etna_magic.logins import LoginRegistry
from etna_magic.notebook.magics import EtnaMagics
from etna_magic.sandbox import Sandbox
from tests.helpers.waiting import LIMIT
from tests.notebook.tokens import MovedClock, token

INFO = "v1.0/users/@me/info"
LogIn = Callable[..., list[str]]


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    """Run one sandbox without limits."""
    with Sandbox(login_limit=None, call_limits=False) as running:
        yield running


@pytest.fixture
def log_in(
    magics: EtnaMagics, bare: InteractiveShell, served: Sandbox, shown, monkeypatch
) -> Iterator[LogIn]:
    """Return what runs ``%etna_login`` with a user's credentials in the environment, and gives the lines."""
    served.reset()

    def run(line: str = "", user: str = "demo") -> list[str]:
        password = served.password_of(user)
        variables = {
            "BASE_URL": served.base_url,
            "APP_KEY": served.app_key,
            "USERNAME": user,
            "PASSWORD": password,
        }
        for name, value in variables.items():
            monkeypatch.setenv(f"ETNA_{name}", value)
        before = len(shown)
        bare.run_line_magic("etna_login", line)
        return shown[before:]

    yield run
    bare.run_line_magic("etna_logout", "--all")


def ours(shell: InteractiveShell) -> list[str]:
    """Return the variables that a login makes."""
    return sorted(name for name in shell.user_ns if name.endswith(("_token", "_session")))


def test_side_by_side(bare: InteractiveShell, log_in: LogIn) -> None:
    """Each name has a token and a session of its own."""
    log_in("live")
    log_in("paper", user="lockout")
    assert ["live_session", "live_token", "paper_session", "paper_token"] == ours(bare)
    sessions = (bare.user_ns["live_session"], bare.user_ns["paper_session"])
    assert ["demo", "lockout"] == [session.get(INFO).json()["Login"] for session in sessions]
    values = {bare.user_ns[name].get_secret_value() for name in ("live_token", "paper_token")}
    assert 2 == len(values)


def test_a_new_login_keeps_the_session_and_replaces_the_token(bare: InteractiveShell, log_in: LogIn) -> None:
    """Whoever refers to the session goes on with the new token; the old one stays valid."""
    log_in()
    old, session = bare.user_ns["etna_token"], bare.user_ns["etna_session"]
    log_in()
    new = bare.user_ns["etna_token"]
    assert (True, True, True) == (
        session is bare.user_ns["etna_session"],
        session.token is new,
        old is not new,
    )
    assert old.get_secret_value() != new.get_secret_value()
    assert 200 == session.get(INFO).status_code


def test_other_names_are_untouched(bare: InteractiveShell, log_in: LogIn) -> None:
    """A login under one name leaves the objects of the others as they were."""
    log_in("paper")
    before = [bare.user_ns[name] for name in ("paper_token", "paper_session")]
    log_in()
    assert all(a is bare.user_ns[b] for a, b in zip(before, ("paper_token", "paper_session"), strict=True))


def test_a_bare_line_repeats_the_last_login_of_its_name(
    log_in: LogIn, served: Sandbox, monkeypatch, bare
) -> None:
    """The line that a warning ends in leads to the same user, whatever the environment says by then."""
    log_in("paper -u lockout", user="lockout")
    monkeypatch.setenv("ETNA_USERNAME", "demo")
    bare.run_line_magic("etna_login", "paper")
    assert "lockout" == bare.user_ns["paper_token"].username


@pytest.mark.parametrize("variable", ["etna_token", "etna_session"])
@pytest.mark.parametrize("value", ["my own", 0, "", [], None, len])
def test_a_variable_of_the_users_own_is_not_overwritten(
    bare: InteractiveShell, log_in: LogIn, served: Sandbox, variable, value
) -> None:
    """The error names the variable, nothing is sent, and nothing has changed."""
    bare.user_ns[variable] = value
    with pytest.raises(EtnaError, match=variable) as caught:
        log_in()
    assert 1 == len(str(caught.value).splitlines())
    assert ([variable], True) == (ours(bare), bare.user_ns[variable] is value)
    assert 0 == served.token_requests


def test_a_variable_that_was_overwritten_by_the_user_is_his(bare: InteractiveShell, log_in: LogIn) -> None:
    """What a user assigns to it is not overwritten by the next login, nor removed by a logout."""
    log_in()
    bare.user_ns["etna_session"] = "mine"
    with pytest.raises(EtnaError, match="etna_session"):
        log_in()
    bare.run_line_magic("etna_logout", "")
    assert (["etna_session"], "mine") == (ours(bare), bare.user_ns["etna_session"])


class WatchedNamespace(dict):
    """A namespace in which something is done while a variable of ours is being set."""

    def __init__(self) -> None:
        super().__init__()
        self.looked = threading.Event()
        self.meanwhile: Callable[[], object] = lambda: None

    def get(self, name: str, default: object = None) -> object:
        """Note that somebody looks."""
        self.looked.set()
        return super().get(name, default)

    def __setitem__(self, name: str, value: object) -> None:
        """Set it."""
        self.meanwhile()
        super().__setitem__(name, value)


def test_a_token_that_is_being_replaced_is_no_variable_of_the_users() -> None:
    """A login whose name is looked at in the middle of its renewal finds no variable in its way."""
    namespace = WatchedNamespace()
    registry = LoginRegistry(namespace)
    login = registry.put("etna", token(), None)
    seen: list[Future] = []

    def look() -> None:
        namespace.looked.clear()
        seen.append(threads.submit(registry.refuse_foreign, "etna"))
        # Whoever looks now is wrong; who waits for the registry does so for longer than this.
        namespace.looked.wait(0.2)

    with ThreadPoolExecutor(1) as threads:
        namespace.meanwhile = look
        assert registry.replace(login, login.token, token(text="bmV3"))
        assert [None] == [one.result(LIMIT) for one in seen]


def test_deleted_variables_come_back(bare: InteractiveShell, log_in: LogIn) -> None:
    """After ``del``, or ``%reset``, the same line logs in again."""
    log_in()
    del bare.user_ns["etna_token"], bare.user_ns["etna_session"]
    log_in()
    assert ["etna_session", "etna_token"] == ours(bare)


def test_a_name_in_another_script(bare: InteractiveShell, log_in: LogIn) -> None:
    """Any identifier of Python can name a login."""
    log_in("börse_2")
    assert ["börse_2_session", "börse_2_token"] == ours(bare)


def test_one_text_under_two_names() -> None:
    """A server may hand out a token again: under the second name it is as old as it is under the first."""
    registry, clock = LoginRegistry({}), MovedClock()
    first = token(clock)
    registry.put("one", first, None)
    clock.now += 60
    second = token(clock)
    registry.put("two", second, None)
    assert first.issued_at == second.issued_at
