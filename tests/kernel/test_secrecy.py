"""Everything that shows a variable shows who and until when, and never the token."""

import json
import re

import pytest

from tests.helpers.secret_scan import secrets_on_disk
from tests.helpers.notebook_user import NotebookUser

SHOWING = [
    "etna_token",
    "[etna_token, {'a': etna_token}]",
    "print(etna_token, repr(etna_token), str(etna_token))",
    "from IPython.display import display\ndisplay(etna_token)",
    "%whos",
    "%who_ls",
    "%pinfo etna_token",
    "etna_token?",
    "etna_token??",
    "etna_session",
    "etna_session?",
    "etna_session??",
    "vars(etna_session)",
    "dir(etna_token)",
    "etna_session.auth",
    "etna_session.get('v1.0/users/@me/info').request.headers",
    "vars(etna_session.get('v1.0/users/@me/info').request)",
    "Out",
    "%history -o",
    "import pprint; pprint.pprint(globals())",
    "'%s %r' % (etna_token, etna_token)",
    "import json; json.dumps({'token': etna_token}, default=str)",
    "1 / 0 if etna_token else None",
    "import copy; copy.copy(etna_token), copy.deepcopy(etna_token)",
    "import logging; logging.getLogger('x').warning('%s', etna_token)",
]


@pytest.mark.parametrize("code", SHOWING)
def test_it_shows_no_secret(seat: NotebookUser, code):
    """Whatever shows the variables, nothing of token or app key is in what the kernel says."""
    seat.log_in()
    secrets = [seat.kernel.ask("etna_token.value"), seat.sandbox.app_key, seat.sandbox.password_of("demo")]
    seat.kernel.run("%xmode Verbose")
    run = seat.kernel.run(code)
    assert run.outputs or run.paged
    said = json.dumps([m["content"] for m in run.messages] + [run.reply], ensure_ascii=False)
    assert [] == [secret for secret in secrets if secret[:20] in said or secret[-20:] in said]


@pytest.mark.parametrize("code", ["etna_token", "%whos", "etna_token?"])
def test_it_shows_who_and_until_when(seat: NotebookUser, code):
    """A look at the variable tells whose token it is."""
    seat.log_in()
    run = seat.kernel.run(code)
    assert "Token of demo at http" in "".join(run.texts) + run.paged


@pytest.mark.parametrize("code", ["etna_token", "etna_token?"])
def test_it_shows_until_when(seat: NotebookUser, code):
    """With the moment in local time and its zone."""
    seat.log_in()
    run = seat.kernel.run(code)
    assert re.search(r"until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d CES?T", "".join(run.texts) + run.paged)


@pytest.mark.parametrize("code", ["f'{etna_token}'", "f'{etna_token:>20}'", "'Bearer {}'.format(etna_token)"])
def test_formatting_is_refused(seat: NotebookUser, code):
    """A masked text must not travel as a header."""
    seat.log_in()
    run = seat.kernel.run(code)
    assert "TypeError" == run.reply["ename"]
    for way in (".value", ".headers", "auth="):
        assert way in run.reply["evalue"]


@pytest.mark.parametrize("code", ["'Bearer ' + etna_token", "etna_token + ''"])
def test_joining_is_refused(seat: NotebookUser, code):
    """Neither side of a + takes it."""
    seat.log_in()
    run = seat.kernel.run(code)
    assert "TypeError" == run.reply["ename"]
    assert "auth=" in run.reply["evalue"]


@pytest.mark.parametrize("variable", ["etna_token", "etna_session", "[etna_token]", "{'s': etna_session}"])
@pytest.mark.parametrize("how", ["pickle", "copyreg-free protocol 0"])
def test_pickling_is_refused(seat: NotebookUser, variable, how):
    """The error names the way out."""
    seat.log_in()
    protocol = "" if how == "pickle" else ", 0"
    run = seat.kernel.run(f"import pickle; pickle.dumps({variable}{protocol})")
    assert "TypeError" == run.reply["ename"]
    assert "headers" in run.reply["evalue"] or "for_workers" in run.reply["evalue"]


@pytest.mark.parametrize("variable", ["etna_token", "etna_session"])
def test_store_puts_nothing_on_disk(seat: NotebookUser, variable):
    """`%store` refuses, and the profile holds nothing of it."""
    seat.log_in()
    value = seat.kernel.ask("etna_token.value")
    assert "error" == seat.kernel.run(f"%store {variable}").status
    assert [] == secrets_on_disk(seat.kernel.home, value, seat.sandbox.app_key)


def test_the_scan_of_the_disk_can_find(seat: NotebookUser):
    """The control: what `%store` does keep is found."""
    word = "control-of-the-scan-4711"
    seat.kernel.run(f"kept = {word!r}\n%store kept")
    assert [word] == sorted({secret for _, secret in secrets_on_disk(seat.kernel.home, word)})
