"""Everything that shows a variable or an error shows who and until when, and never a secret."""

import json
import re

import pytest

from tests.helpers import accounts
from tests.helpers.cell_run import Run
from tests.helpers.kernel import Kernel
from tests.helpers.notebook_user import NotebookUser
from tests.helpers.server import ScriptedServer, answer

INFO = "'v1.0/users/@me/info'"
SHOWING = [
    "etna_token",
    "[etna_token, {'a': etna_token}]",
    "print(etna_token, repr(etna_token), str(etna_token))",
    "from IPython.display import display\ndisplay(etna_token)",
    "etna_token.headers()",
    "[etna_token.headers()], str(etna_token.headers())",
    "etna_token.app_key()",
    "%whos",
    "%who_ls",
    "%pinfo etna_token",
    "etna_token?",
    "etna_token??",
    "etna_session",
    "etna_session?",
    "etna_session??",
    "vars(etna_session)",
    "vars(etna_session.holder)",
    "etna_session.for_workers()",
    "dir(etna_token)",
    "[getattr(etna_token, name) for name in dir(etna_token)]",
    "[getattr(etna_session, name) for name in dir(etna_session)]",
    "[etna_session.auth]",
    f"etna_session.get({INFO}).request.headers",
    f"vars(etna_session.get({INFO}).request)",
    "Out",
    "%history -o",
    "import pprint; pprint.pprint(globals())",
    "'%s %r' % (etna_token, etna_token)",
    "import json; json.dumps({'token': etna_token}, default=str)",
    "import copy; copy.copy(etna_token), copy.deepcopy(etna_token)",
    "import logging; logging.getLogger('x').warning('%s', etna_token)",
    "import rich; rich.inspect(etna_token, all=True)",
    "import rich; rich.inspect(etna_session, all=True)",
    "import stackprinter\ntry:\n    1 / 0 if etna_token and etna_session else None\n"
    "except ZeroDivisionError:\n    stackprinter.show()",
]
# Errors that are not ours, with our objects among the locals of their frames.
FAILING = [
    "1 / 0 if etna_token else None",
    "def f(token, headers): return headers['x']\nf(etna_token, etna_token.headers())",
    "def f(session, worker): return session.nothing\nf(etna_session, etna_session.for_workers())",
    "etna_session.get('x', headers={'X': 'y\\n'})",
    "etna_session.get('x', timeout='soon')",
    "etna_session.get('x', data=1 / 0)",
    "etna_session.hooks['response'].append(lambda *_, **__: 1 / 0)\n" + f"etna_session.get({INFO})",
    "etna_session.get('http://127.0.0.1:9/elsewhere')",
    f"etna_session.get({INFO}).json()['nothing']",
    "requests.get('http://127.0.0.1:9/', auth=etna_token)",
    "requests.get(etna_token.base_url, auth=etna_token, timeout='soon')",
    "'Bearer ' + etna_token",
]


@pytest.fixture
def secrets(user: NotebookUser) -> list[str]:
    """Log in, and return what nothing may show."""
    user.log_in()
    user.kernel.do("import requests")
    value = user.kernel.ask("etna_token.get_secret_value()")
    return [value, user.sandbox.app_key, user.sandbox.password_of("demo")]


def shown_of(run: Run, secrets: list[str]) -> list[str]:
    """Return those of the secrets that are in what a kernel said of a cell."""
    assert run.outputs or run.paged
    said = json.dumps([m["content"] for m in run.messages] + [run.reply], ensure_ascii=False)
    return [secret for secret in secrets if secret[:20] in said or secret[-20:] in said]


@pytest.mark.parametrize("code", SHOWING)
def test_it_shows_no_secret(user: NotebookUser, secrets: list[str], code) -> None:
    """Whatever shows the variables, nothing of token, app key and password is in what the kernel says."""
    run = user.kernel.run(code)
    assert ("ok", []) == (run.status, shown_of(run, secrets))


@pytest.mark.parametrize("code", FAILING)
def test_an_error_shows_no_secret(user: NotebookUser, secrets: list[str], code) -> None:
    """At `%xmode Verbose`, which shows the values in every frame, and by `%tb` after it."""
    user.kernel.run("%xmode Verbose")
    run = user.kernel.run(code)
    assert ("error", []) == (run.status, shown_of(run, secrets))
    user.kernel.do("import sys")
    for look in ("%tb", "%xmode Context\n%tb", "repr(vars(sys.last_value)), repr(sys.last_value.args)"):
        assert [] == shown_of(user.kernel.run(look), secrets)


def test_the_frames_that_verbose_shows_are_looked_at(user: NotebookUser, secrets: list[str]) -> None:
    """The control: what a frame holds in plain text is found in both."""
    user.kernel.run("%xmode Verbose")
    code = "def f(text): return 1 / 0 if text else None\nf(etna_token.get_secret_value()[:40])"
    assert [secrets[0]] == shown_of(user.kernel.run(code), secrets)
    assert [secrets[0]] == shown_of(user.kernel.run("%tb"), secrets)


def test_an_error_of_requests_comes_out_as_it_is(kernel: Kernel, server: ScriptedServer) -> None:
    """Too many redirects are no error of ours: it is shown with its frames, and no secret in them."""
    server.play(answer(200, accounts.SUCCESS), answer(302, b"", ("Location", "again")))
    kernel.set_environment(**accounts.variables(server.base_url))
    kernel.run("%xmode Verbose\n%etna_login")
    run = kernel.run("etna_session.get('x')")
    assert ("TooManyRedirects", True) == (run.reply["ename"], "resolve_redirects" in run.error)
    assert [] == shown_of(run, list(accounts.SECRETS))
    assert [] == shown_of(kernel.run("%tb"), list(accounts.SECRETS))


@pytest.mark.parametrize("code", ["etna_token", "%whos", "etna_token?"])
def test_it_shows_who(user: NotebookUser, code) -> None:
    """A look at the variable says whose token it is."""
    user.log_in()
    run = user.kernel.run(code)
    assert "Token of demo at http" in "".join(run.texts) + run.paged


@pytest.mark.parametrize("code", ["etna_token", "etna_token?"])
def test_it_shows_until_when(user: NotebookUser, code) -> None:
    """In local time, with its zone."""
    user.log_in()
    run = user.kernel.run(code)
    assert re.search(r"until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d CES?T", "".join(run.texts) + run.paged)


@pytest.mark.parametrize(
    "code",
    [
        "f'{etna_token}'",
        "f'{etna_token:>20}'",
        "'Bearer {}'.format(etna_token)",
        "'Bearer ' + etna_token",
        "etna_token + ''",
    ],
)
def test_a_token_is_no_text(user: NotebookUser, code) -> None:
    """A masked text must not be sent as a header: formatting and joining fail, and name what to use."""
    user.log_in()
    run = user.kernel.run(code)
    assert "TypeError" == run.reply["ename"]
    for way in ("get_secret_value()", ".headers()", "auth="):
        assert way in run.reply["evalue"]
