"""`%etna_login --sandbox`: who and where is the sandbox's own, and the rest comes as for any log-in."""

import pytest

from tests.helpers.kernel import Kernel
from tests.kernel.test_log_in import env_file

# The embedded sandbox takes ten log-ins of a user in a minute, so that each test has a user of its own.
# All that would lead elsewhere.
ELSEWHERE = {
    "ETNA_BASE_URL": "http://127.0.0.1:9/api",
    "ETNA_APP_KEY": "d3Jvbmc=",
    "ETNA_USERNAME": "nobody",
    "ETNA_PASSWORD": "wrong-Password-9",
}
OWN = "__import__('etna_magic.embedded', fromlist=['embedded'])"
WHERE = f"[etna_token.username, etna_token.base_url == {OWN}.sandbox_url()]"
# What the token says, and for how long the server keeps it.
LIFETIMES = f"[etna_token.lifetime.total_seconds(), {OWN}._running[0].lifetime]"


@pytest.fixture(params=["environment", ".env"])
def settings(request, kernel: Kernel, tmp_path):
    """Return what puts settings into the environment, or into a `.env` where the kernel works."""

    def put(variables: dict[str, str]) -> None:
        if request.param == "environment":
            kernel.set_environment(**variables)
        else:
            (tmp_path / ".env").write_text(env_file(variables))

    return put


def test_the_pin_and_the_lifetime_are_taken(kernel: Kernel, settings):
    """A PIN that is known answers the sandbox, whose tokens live as long as was said."""
    settings({"ETNA_PIN_CODE": "1357", "ETNA_TOKEN_LIFETIME": "90m"})
    run = kernel.run("%etna_login --sandbox -u pin")
    assert ("ok", True) == (run.status, run.texts[0].endswith("(1 h 30 min).")), run.texts
    assert (["pin", True], [5400.0, 5400.0]) == (kernel.ask(WHERE), kernel.ask(LIFETIMES))


def test_who_and_where_are_its_own(kernel: Kernel, settings):
    """Neither address, app key, user nor password of another place is used."""
    settings(ELSEWHERE)
    run = kernel.run("%etna_login --sandbox")
    assert ("ok", True) == (run.status, "(DEMO)" in run.texts[0]), run.texts
    assert (["demo", True], [86_400.0] * 2) == (kernel.ask(WHERE), kernel.ask(LIFETIMES))
    assert 200 == kernel.ask("etna_session.get('v1.0/users/@me/info').status_code")


def test_an_option_outranks_the_settings(kernel: Kernel, settings):
    """The lifetime on the line counts, and `%config` stands behind everything."""
    kernel.run("%config EtnaMagics.lifetime = '3h'")
    assert "ok" == kernel.run("%etna_login --sandbox -u lockout").status
    found = [kernel.ask(LIFETIMES)]
    settings({"ETNA_TOKEN_LIFETIME": "90m"})
    for option in ("", "--lifetime 2h"):
        assert "ok" == kernel.run(f"%etna_login --sandbox -u lockout {option}").status
        found.append(kernel.ask(LIFETIMES))
    assert [[10_800.0] * 2, [5400.0] * 2, [7200.0] * 2] == found
