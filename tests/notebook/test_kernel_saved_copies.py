"""What a kernel saves of a login has no secret; restored, it cannot be used and makes way for a login."""

from collections.abc import Iterator

import pytest

from etna_magic.sandbox import Sandbox
from tests.helpers.kernel import Kernel
from tests.helpers.kernel_reset import NAMES, RESET
from tests.helpers.notebook_user import NotebookUser
from tests.helpers.secret_scan import secrets_on_disk

CALL = "etna_session.get('v1.0/users/@me/info').status_code"
BOTH = "etna_token, etna_session"
# How a user saves both, and restores them in another kernel.
WAYS = {
    "pickle": (
        f"import pickle; pickle.dump([{BOTH}], open('saved.pickle', 'wb'))",
        f"import pickle; {BOTH} = pickle.load(open('../saved/saved.pickle', 'rb'))",
    ),
    "%store": ("%store etna_token etna_session", "%store -r"),
    "dill": (
        "import dill; dill.dump_module('saved.dill')",
        "import dill; dill.load_module('../saved/saved.dill')",
    ),
}


@pytest.fixture(scope="module")
def later_kernel(tmp_path_factory: pytest.TempPathFactory, running_sandbox: Sandbox) -> Iterator[Kernel]:
    """Start a kernel after another one has saved its login in each way; nothing on the disk has a secret."""
    home = tmp_path_factory.mktemp("home")
    with Kernel(home) as kernel:
        kernel.run("%load_ext etna_magic")
        NotebookUser(kernel, running_sandbox).log_in()
        value = kernel.ask("etna_token.get_secret_value()")
        for save, _ in WAYS.values():
            run = kernel.run(save)
            assert "ok" == run.status, run.texts
    (home / "work").rename(home / "saved")
    assert {"saved.pickle", "saved.dill"} == {path.name for path in (home / "saved").iterdir()}
    secrets = (value, running_sandbox.app_key, running_sandbox.password_of("demo"))
    assert [] == secrets_on_disk(home, *secrets)
    with Kernel(home) as kernel:
        yield kernel


@pytest.mark.parametrize("load", [load for _, load in WAYS.values()], ids=WAYS)
def test_a_restored_login(later_kernel: Kernel, sandbox: Sandbox, load) -> None:
    """It says whose it was, cannot be used, and a login of the same name replaces both variables."""
    kernel = later_kernel
    kernel.do(RESET % str(kernel.work))
    run = kernel.run(load)
    assert "ok" == run.status, run.texts
    assert ["stale", "demo", True] == kernel.ask(
        "[etna_token.state.value, etna_token.username, etna_token.is_copy and etna_session.is_copy]"
    )
    text = f"<Token of demo at {sandbox.base_url}: is a saved copy without its secret, until "
    assert kernel.run("etna_token").texts[-1].startswith(text)
    for use in ("etna_token.get_secret_value()", "etna_token.headers()", CALL, CALL.replace("get", "post")):
        run = kernel.run(use)
        assert run.error.startswith("NotLoggedInError: "), run.texts
        assert ("saved copy" in run.error, "%etna_login" in run.error) == (True, True), run.error
    assert () == sandbox.seen
    assert "Nobody is logged in." in kernel.run("%etna_status").texts[0]
    NotebookUser(kernel, sandbox).log_in()
    assert [False, False, 200] == kernel.ask(f"[etna_token.is_copy, etna_session.is_copy, {CALL}]")
    assert "ok" == kernel.run("%etna_logout").status
    assert not {"etna_session", "etna_token"} & set(kernel.ask(NAMES))


@pytest.mark.parametrize(
    "code",
    [
        f"import pickle; {BOTH} = pickle.loads(pickle.dumps([{BOTH}], 0))",
        f"import joblib; joblib.dump([{BOTH}], 'saved'); {BOTH} = joblib.load('saved')",
        f"import copy; {BOTH} = copy.deepcopy([{BOTH}])",
        "import copy; etna_token, etna_session = copy.copy(etna_token), copy.copy(etna_session)",
    ],
    ids=["protocol 0", "joblib", "deepcopy", "copy"],
)
def test_a_copy_over_a_login(user: NotebookUser, code) -> None:
    """A copy that was assigned to the names of a login is replaced by the next login too."""
    user.log_in()
    assert "ok" == user.kernel.run(code).status
    assert user.kernel.ask("etna_token.is_copy and etna_session.is_copy")
    user.log_in()
    assert [False, False, 200] == user.kernel.ask(f"[etna_token.is_copy, etna_session.is_copy, {CALL}]")


def test_a_copy_is_no_cause_for_a_warning(user: NotebookUser) -> None:
    """A copy in the namespace is of no login, so that cells say nothing of it."""
    user.log_in()
    user.kernel.run("import pickle; copy = pickle.loads(pickle.dumps(etna_token))")
    assert [] == user.kernel.run("pass").texts


def test_the_session_for_workers_is_pickled_with_its_token(user: NotebookUser) -> None:
    """It is the one object whose pickle works elsewhere, and so a secret."""
    user.log_in()
    user.kernel.run("import pickle; data = pickle.dumps(etna_session.for_workers())")
    assert [True, 200] == user.kernel.ask(
        "[etna_token.get_secret_value().encode() in data,"
        " pickle.loads(data).get('v1.0/users/@me/info').status_code]"
    )


def test_the_search_of_the_disk_can_find(user: NotebookUser) -> None:
    """The control: what `%store` does keep is found."""
    word = "control-of-the-search-4711"
    user.kernel.run(f"kept = {word!r}\n%store kept")
    assert [word] == sorted({secret for _, secret in secrets_on_disk(user.kernel.home, word)})
