"""`%etna_login --sandbox` in a kernel: who and where is the sandbox's own, the rest as for any login."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers import accounts
from tests.helpers.kernel import Kernel

# The embedded sandbox takes ten logins of a user in a minute, so that each test has a user of its own.
# All that would lead elsewhere.
ELSEWHERE = {
    "ETNA_BASE_URL": "http://127.0.0.1:9/api",
    "ETNA_APP_KEY": "d3Jvbmc=",
    "ETNA_USERNAME": "nobody",
    "ETNA_PASSWORD": "wrong-Password-9",
}
SETTINGS = "__import__('etna_magic.settings', fromlist=['settings'])"
WHERE = f"[etna_token.username, etna_token.base_url == {SETTINGS}.sandbox_url()]"
# What the token says, and for how long the server keeps it.
LIFETIMES = f"[etna_token.lifetime.total_seconds(), {SETTINGS}.embedded_sandbox._running[0].lifetime]"

Put = Callable[[dict[str, str]], None]


@pytest.fixture(params=["environment", ".env"])
def put(request: pytest.FixtureRequest, kernel: Kernel, tmp_path: Path) -> Put:
    """Return what puts settings into the environment, or into a `.env` where the kernel works."""

    def put(variables: dict[str, str]) -> None:
        if request.param == "environment":
            kernel.set_environment(**variables)
        else:
            (tmp_path / ".env").write_text(accounts.env_file(variables))

    return put


def test_the_pin_and_the_lifetime_are_taken(kernel: Kernel, put: Put) -> None:
    """A PIN that is known answers the sandbox, whose tokens live as long as was said."""
    put({"ETNA_PIN_CODE": "1357", "ETNA_TOKEN_LIFETIME": "90m"})
    run = kernel.run("%etna_login --sandbox -u pin")
    assert ("ok", True) == (run.status, "(1 h 30 min): etna_token" in run.texts[0]), run.texts
    assert (["pin", True], [5400.0, 5400.0]) == (kernel.ask(WHERE), kernel.ask(LIFETIMES))


def test_who_and_where_are_its_own(kernel: Kernel, put: Put) -> None:
    """Neither address, app key, user nor password of another server is used, and the line says SANDBOX."""
    put(ELSEWHERE)
    run = kernel.run("%etna_login --sandbox")
    assert ("ok", True) == (run.status, " (SANDBOX) until " in run.texts[0]), run.texts
    assert (["demo", True], [86_400.0] * 2) == (kernel.ask(WHERE), kernel.ask(LIFETIMES))
    assert 200 == kernel.ask("etna_session.get('v1.0/users/@me/info').status_code")
    assert "(SANDBOX)" in kernel.run("%etna_status").texts[0]


def test_an_option_outranks_the_settings(kernel: Kernel, put: Put) -> None:
    """The lifetime on the line counts before the settings, and `%config` after them."""
    kernel.run("%config EtnaMagics.lifetime = '3h'")
    assert "ok" == kernel.run("%etna_login --sandbox -u lockout").status
    found = [kernel.ask(LIFETIMES)]
    put({"ETNA_TOKEN_LIFETIME": "90m"})
    for option in ("", "--lifetime 2h"):
        assert "ok" == kernel.run(f"%etna_login --sandbox -u lockout {option}").status
        found.append(kernel.ask(LIFETIMES))
    assert [[10_800.0] * 2, [5400.0] * 2, [7200.0] * 2] == found
