"""`--auto-renew`: a fresh token in the place of the old one, by what is known at that moment."""

import pytest

from tests.remember.desk import Desk

CALL = "etna_session.get('v1.0/users/@me/info').status_code"


def lines_of(desk: Desk, code: str = "6 * 7", **how) -> list[str]:
    """Run a cell; return the lines that the watcher shows."""
    return desk.kernel.run(code, **how).warnings


@pytest.mark.parametrize(
    "how", ["%etna_login --auto-renew", "%config EtnaMagics.auto_renew = True\n%etna_login"]
)
@pytest.mark.parametrize("left", [600, -600])
def test_a_call_renews(desk: Desk, how, left):
    """Near the end or past it a call brings a fresh token: in the namespace, for the session, and no word."""
    desk.know()
    assert "ok" == desk.kernel.run(how).status
    desk.age(left=left)
    desk.kernel.do("held = etna_session")
    old = desk.value()
    assert ["200"] == [text for text in desk.kernel.run(CALL).texts if "expired" not in text]
    assert (2, True) == (desk.sandbox.token_requests, old != desk.value())
    assert desk.kernel.ask("held is etna_session and etna_token is etna_session.token")
    assert ([], "fresh") == (lines_of(desk), desk.kernel.ask("etna_token.state.value"))


def test_without_the_option_nothing_is_renewed(desk: Desk):
    """Without it a token comes to its end."""
    desk.log_in()
    desk.age(left=600)
    assert "ok" == desk.kernel.run(CALL).status
    assert 1 == desk.sandbox.token_requests


def test_a_mending_log_in_keeps_renewing(desk: Desk):
    """The line that repeats the log-in repeats this as well."""
    desk.log_in("--auto-renew")
    desk.kernel.run("%etna_login")
    desk.age(left=600)
    desk.kernel.run(CALL)
    assert 3 == desk.sandbox.token_requests


def test_a_refused_token_is_renewed(desk: Desk):
    """A token that the server has ended before its time is replaced in the middle of the call."""
    desk.log_in("--auto-renew")
    desk.sandbox.revoke_all()
    assert ["200"] == desk.kernel.run(CALL).texts
    assert 2 == desk.sandbox.token_requests


def test_the_password_is_read_again(desk: Desk):
    """What the environment says at the renewal counts, and not what it said before."""
    desk.log_in("--auto-renew")
    desk.age(left=-3)
    desk.kernel.set_environment(ETNA_PASSWORD="wrong")
    assert desk.kernel.run(CALL).error.startswith("InvalidCredentialsError: ")
    desk.kernel.set_environment(ETNA_PASSWORD=desk.sandbox.password_of("demo"))
    desk.kernel.run("%etna_login")
    desk.age(left=-3)
    assert "200" == desk.kernel.run(CALL).texts[-1]


def test_the_file_is_read_again(desk: Desk, tmp_path):
    """The same for the file of --env-file, from another working directory too."""
    path = tmp_path / "work" / "night.env"
    known = desk.credentials()
    path.write_text("".join(f"{name}='{value}'\n" for name, value in known.items()))
    assert "ok" == desk.kernel.run("%etna_login --auto-renew -e night.env").status
    desk.kernel.do("import os; os.chdir('/')")
    path.write_text(path.read_text().replace(known["ETNA_PASSWORD"], "wrong"))
    desk.age(left=600)
    assert ["200"] == desk.kernel.run(CALL).texts
    assert ["InvalidCredentialsError"] == desk.kernel.ask("[type(etna_session.renewal.error).__name__]")


def test_invalid_credentials_are_never_tried_again(desk: Desk):
    """Near the end and past it, in the same minute and after: five wrong passwords lock a user out."""
    desk.log_in("--auto-renew")
    desk.kernel.set_environment(ETNA_PASSWORD="wrong")
    desk.age(left=600)
    for pause in (60, 0):
        with desk.pause(pause):
            assert ["200"] == [text for text in desk.kernel.run(CALL).texts if text.isdigit()]
    desk.age(left=-3)
    assert desk.kernel.run(CALL).error.startswith("InvalidCredentialsError: ")
    assert 2 == desk.sandbox.token_requests


def test_other_failures_are_tried_again_after_a_pause(desk: Desk):
    """After another failure one tries again when the pause is over, and not before; then all is well."""
    desk.log_in("--auto-renew")
    desk.age(left=600)
    desk.kernel.set_environment(ETNA_APP_KEY="d3Jvbmc=")
    assert ["200"] * 3 == [desk.kernel.run(CALL, store_history=False).texts[-1] for _ in range(3)]
    assert 2 == desk.sandbox.token_requests
    desk.know()
    with desk.pause(0.0) as usual:
        assert "200" == desk.kernel.run(CALL).texts[-1]
    assert 60.0 == usual
    assert (3, "fresh") == (desk.sandbox.token_requests, desk.kernel.ask("etna_token.state.value"))


def test_a_renewal_changes_no_account(desk: Desk):
    """Settings that name another user by now are refused before anything is sent, and told."""
    desk.log_in("--auto-renew")
    desk.age(left=600)
    desk.kernel.set_environment(ETNA_USERNAME="lockout", ETNA_PASSWORD=desk.sandbox.password_of("lockout"))
    assert ["200"] == desk.kernel.run(CALL).texts
    assert (1, "demo") == (desk.sandbox.token_requests, desk.kernel.ask("etna_token.username"))
    (line,) = lines_of(desk)
    assert "no renewal changes the account" in line


def test_a_renewal_that_ends_after_a_log_out_puts_nothing_in_place(desk: Desk):
    """Whoever still holds the session sends nothing with a token that came too late."""
    desk.log_in("--auto-renew")
    desk.kernel.do("_held, _old = etna_session, etna_token")
    desk.kernel.run("%etna_logout")
    late = (
        "from etna_magic.magics import _LOGINS\n"
        "_logins = next(iter(_LOGINS.values()))\n"
        "from etna_magic.namespace import Login\n"
        "_placed = _logins.renew(Login('etna', _held), _old, _old)"
    )
    desk.kernel.do(late)
    assert (False, True) == (desk.kernel.ask("_placed"), desk.kernel.ask("_held._token is None"))


def test_a_failure_is_told_once_at_the_next_cell(desk: Desk):
    """The cell that made the call goes on with the old token; the next begins with one line."""
    desk.log_in("--auto-renew")
    desk.age(left=600)
    desk.kernel.set_environment(ETNA_PASSWORD="wrong")
    assert ["200"] == desk.kernel.run(CALL).texts
    first, second = lines_of(desk), lines_of(desk)
    assert (1, []) == (len(first), second)
    assert first[0].startswith("etna: the token could not be renewed. ")
    assert first[0].endswith(" To log in again: %etna_login")
    assert "\n" not in first[0]


def test_past_the_end_the_call_has_the_reason(desk: Desk):
    """Past the end a call raises why there is no fresh token, and so does the next."""
    desk.log_in("--auto-renew")
    desk.age(left=-3)
    desk.kernel.do("import os; del os.environ['ETNA_PASSWORD']")
    for _ in range(2):
        error = desk.kernel.run(CALL).error
        assert (True, True) == (error.startswith("MissingCredentialsError: "), "ETNA_PASSWORD" in error)
    assert 1 == desk.sandbox.token_requests
