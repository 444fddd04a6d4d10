"""Where nobody can be asked, or the kernel cannot serve a form, the cell fails at once and says why."""

import pytest

from tests.remember.desk import Desk
from tests.waiting.front_end import FrontEnd

CELL = "import etna_magic\nawait etna_magic.login()"


def test_a_kernel_that_asks_nobody(desk: Desk):
    """Under nbclient and papermill it fails at once with the variables' names."""
    run = desk.kernel.run(CELL)
    names = ("ETNA_BASE_URL", "ETNA_APP_KEY", "ETNA_USERNAME", "ETNA_PASSWORD")
    assert [True] * 4 == [name in run.error for name in names]
    assert run.error.startswith("MissingCredentialsError: ")
    assert (1, False) == (run.error.count("\n") + 1, desk.kernel.ask("'etna_session' in globals()"))


def test_no_input(desk: Desk, front: FrontEnd):
    """The same with a person there who is not to be asked."""
    run = front.run("import etna_magic\nawait etna_magic.login(no_input=True)")
    assert run.error.startswith("MissingCredentialsError: ETNA_PASSWORD is not set")
    assert {} == front.widgets


@pytest.mark.parametrize("version", ["7.3.0", "7.3.0rc1", "6.29.5", "6.31.0"])
def test_an_older_kernel(desk: Desk, front: FrontEnd, version):
    """A kernel that serves no form while a cell waits says so at once, with its version and the way out."""
    desk.kernel.do(
        f"_of = type(get_ipython().kernel); _was = _of.implementation_version; "
        f"_of.implementation_version = {version!r}"
    )
    try:
        run = front.run(CELL)
    finally:
        desk.kernel.do("_of.implementation_version = _was")
    assert ("error", True) == (run.status, run.error.startswith("NotLoggedInError: "))
    assert [True, True, True] == [word in run.error for word in (version, "7.4", "%etna_login")]
    assert ({}, False) == (front.widgets, desk.kernel.ask("'etna_session' in globals()"))


@pytest.mark.parametrize("version", ["7.4.0", "7.10.1", "8.0.0a1"])
def test_a_later_kernel(desk: Desk, front: FrontEnd, version):
    """One that serves forms, by its version, shows it."""
    desk.kernel.do(
        f"_of = type(get_ipython().kernel); _was = _of.implementation_version; "
        f"_of.implementation_version = {version!r}"
    )
    try:
        sent = front.start(CELL)
        front.log_in(desk.sandbox.password_of("demo"))
        assert "ok" == front.finish(sent).status
    finally:
        desk.kernel.do("_of.implementation_version = _was")


def test_an_older_kernel_with_all_that_is_needed(desk: Desk, front: FrontEnd):
    """Where nothing has to be asked, an older kernel logs in like any other."""
    desk.know()
    desk.kernel.do(
        "_of = type(get_ipython().kernel); _was = _of.implementation_version; "
        "_of.implementation_version = '6.29.5'"
    )
    try:
        assert "ok" == front.run(CELL).status
    finally:
        desk.kernel.do("_of.implementation_version = _was")


@pytest.mark.parametrize(
    "arguments",
    [
        "'not a name'",
        "'class'",
        "''",
        "'a.b'",
        "lifetime='soon'",
        "lifetime=0",
        "lifetime=''",
        "5",
        "username=5",
        "code=246810",
        "base_url=__import__('pathlib').Path('https://api.example.com')",
        "form=True, no_input=True",
        "sandbox=True, remember=True",
        "sandbox=True, base_url='https://api.example.com'",
    ],
)
def test_options_that_do_not_fit(desk: Desk, arguments):
    """What %etna_login refuses as wrong options is refused here as well."""
    desk.know()
    run = desk.kernel.run(f"import etna_magic\nawait etna_magic.login({arguments})")
    assert ("error", True) == (run.status, "".join(run.texts).startswith("UsageError: ")), run.texts
    assert 0 == desk.sandbox.token_requests


@pytest.mark.parametrize(
    "value",
    ["datetime.timedelta(hours=24)", "datetime.timedelta(1, 5)", "float('nan')", "True", "b'24h'", "['24h']"],
)
def test_a_lifetime_of_another_type(desk: Desk, value):
    """A lifetime that is no text is refused in one line that says what to write, and no request is made."""
    desk.know()
    run = desk.kernel.run(f"import datetime, etna_magic\nawait etna_magic.login(lifetime={value})")
    assert ("error", "UsageError", 1) == (run.status, run.reply["ename"], len(run.error.splitlines())), (
        run.texts
    )
    assert [True, True] == [part in run.error for part in ("--lifetime ", " is no duration: write 24h, ")]
    assert (False, 0) == (desk.kernel.ask("'etna_session' in globals()"), desk.sandbox.token_requests)


def test_a_variable_of_ones_own(desk: Desk):
    """A variable that is not ours is not overwritten, and no request is made."""
    desk.know()
    run = desk.kernel.run("import etna_magic\netna_token = 7\nawait etna_magic.login()")
    assert ("error", True, 0) == (
        run.status,
        "etna_token is a variable of your own" in run.error,
        desk.sandbox.token_requests,
    )


def test_a_password_is_no_argument(desk: Desk):
    """There is no place for a password in a cell."""
    assert "TypeError" in desk.kernel.run("import etna_magic\nawait etna_magic.login(password='x')").error


def test_a_refused_log_in(desk: Desk):
    """What the server refuses is one line, and leaves nothing."""
    desk.know()
    desk.kernel.set_environment(ETNA_PASSWORD="wrong")
    run = desk.kernel.run(CELL)
    assert (True, 1) == (run.error.startswith("InvalidCredentialsError: "), desk.sandbox.token_requests)
    assert not desk.kernel.ask("'etna_session' in globals()")
