"""`--read-only`: what the lines say, what lifts it, and who keeps it."""

from collections.abc import Callable

import pytest
from IPython.core.interactiveshell import InteractiveShell

import etna_magic
from etna_magic import ReadOnlyError
from etna_magic.notebook.magics import EtnaMagics
from etna_magic.sandbox import Sandbox
from tests.helpers.ipython import set_credentials
from tests.helpers.leaks import caught

ORDERS = "v1.0/accounts/83267/orders"
LIFTED = "etna is not read-only any more."


@pytest.fixture
def log_in(
    magics: EtnaMagics, bare: InteractiveShell, sandbox: Sandbox, shown: list[str], monkeypatch
) -> Callable[..., str]:
    """Return what runs ``%etna_login``, and gives its line."""
    set_credentials(monkeypatch, sandbox, ETNA_BASE_URL=sandbox.base_url)

    def run(line: str = "") -> str:
        before = len(shown)
        bare.run_line_magic("etna_login", line)
        return " ".join(shown[before:])

    return run


def refuses(shell: InteractiveShell, name: str = "etna") -> bool:
    """Say whether a session refuses an order; it reads in any case."""
    session = shell.user_ns[f"{name}_session"]
    assert 200 == session.get("v1.0/users/@me/info").status_code
    assert session.read_only is (ReadOnlyError is type(_error(session)))
    return session.read_only


def _error(session) -> Exception | None:
    try:
        session.post(ORDERS, json={})
    except ReadOnlyError as error:
        return error
    return None


def test_the_line_says_so(bare: InteractiveShell, log_in) -> None:
    """The line of success has READ-ONLY beside the environment."""
    assert ", READ-ONLY) until " in log_in("--read-only")
    assert refuses(bare)


def test_without_it(bare: InteractiveShell, log_in) -> None:
    """Without it nothing is said of it, and orders are sent."""
    assert "read-only" not in log_in().lower()
    assert not refuses(bare)


@pytest.mark.parametrize("line", ["", "-u demo", "--auto-renew"])
def test_lifted(bare: InteractiveShell, log_in, line: str) -> None:
    """A login of the same name without it lifts it, and says so once."""
    log_in("--read-only")
    session = bare.user_ns["etna_session"]
    lines = [log_in(line), log_in(line)]
    assert [True, False] == [LIFTED in said for said in lines]
    assert ["READ-ONLY" in said for said in lines] == [False, False]
    assert (session, False) == (bare.user_ns["etna_session"], refuses(bare))


def test_another_name(bare: InteractiveShell, log_in) -> None:
    """A login of another name leaves it."""
    log_in("--read-only")
    assert LIFTED not in log_in("paper")
    assert (True, False) == (refuses(bare), refuses(bare, "paper"))


def test_another_account(bare: InteractiveShell, log_in, sandbox: Sandbox, monkeypatch) -> None:
    """One of another account under that name lifts it as well, and says so."""
    log_in("--read-only")
    monkeypatch.setenv("ETNA_PASSWORD", sandbox.password_of("lockout"))
    assert LIFTED in log_in("-u lockout")
    assert not bare.user_ns["etna_session"].read_only


def test_put_on_a_session_in_use(bare: InteractiveShell, log_in) -> None:
    """A login with it holds for whoever has the session already."""
    log_in()
    session = bare.user_ns["etna_session"]
    log_in("--read-only")
    assert ReadOnlyError is type(caught(lambda: session.post(ORDERS)))


def test_a_renewal_keeps_it(bare: InteractiveShell, log_in, sandbox: Sandbox) -> None:
    """A token that is renewed is as read-only as the one before."""
    log_in("--read-only --auto-renew")
    sandbox.revoke_all()
    assert refuses(bare)
    assert 2 == sandbox.token_requests


def test_a_failed_login_lifts_nothing(bare: InteractiveShell, log_in, monkeypatch) -> None:
    """A login that fails leaves it as it was."""
    log_in("--read-only")
    monkeypatch.setenv("ETNA_PASSWORD", "wrong")
    with pytest.raises(etna_magic.InvalidCredentialsError):
        log_in()
    assert refuses(bare)


def test_a_setting(bare: InteractiveShell, log_in, magics: EtnaMagics) -> None:
    """`%config EtnaMagics.read_only` holds for every login from then on, and lifting it is said."""
    magics.read_only = True
    assert "READ-ONLY" in log_in()
    assert refuses(bare)
    magics.read_only = False
    assert refuses(bare)
    assert LIFTED in log_in()


async def _log_in(**options) -> object:
    return await etna_magic.login(no_input=True, **options)


def test_from_python(bare: InteractiveShell, log_in, shown: list[str]) -> None:
    """`await etna_magic.login(read_only=True)` is the same."""
    bare.user_ns["log_in"] = _log_in
    assert bare.run_cell("await log_in(read_only=True);").success
    assert ("READ-ONLY" in shown[-1], True) == (True, refuses(bare))


def test_logging_out(bare: InteractiveShell, log_in, sandbox: Sandbox) -> None:
    """A logout is no call of the session, and ends the token on the server."""
    log_in("--read-only")
    bare.run_line_magic("etna_logout", "")
    assert [204] == [seen.status for seen in sandbox.seen if seen.path.endswith("/logout")]
