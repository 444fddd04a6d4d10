"""What is tried in each front end, and how what was seen is put into words."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from etna_magic.sandbox import Sandbox

LOAD = "%load_ext etna_magic"
AWAIT = "import etna_magic; etna_session = await etna_magic.login()"
WENT_ON = "print('went' + ' on')"
KNOWN_LATER = "PASSWORD_OF_LATER"
QUESTION = r"Password( \(a Qt console shows it\))?: "
STALE = "import time; time.sleep(2); print('slept')"


class Scenario(NamedTuple):
    """Some cells, and whether the password is known when they run."""

    title: str
    cells: tuple[str, ...]
    knows_password: bool = False


class NotSeenError(Exception):
    """A front end got no further for a reason of its own, which the table has to say."""


SET = Scenario("all variables set", (LOAD, "%etna_login", WENT_ON), knows_password=True)
MISSING = Scenario("password missing", (LOAD, "%etna_login", WENT_ON))
FORM = Scenario("`--form`", (LOAD, "%etna_login --form", WENT_ON))
WAIT = Scenario("`await login()`", (AWAIT, WENT_ON))
WARN = Scenario(
    "stale token", (LOAD, "%etna_login --lifetime 1s", STALE, "print(6 * 7)"), knows_password=True
)
SCENARIOS = (SET, MISSING, FORM, WAIT, WARN)
#: The last three in one run, for what goes on after an error: a kernel's start is most of what a run costs.
TOGETHER = Scenario(
    "the others together",
    (
        LOAD,
        FORM.cells[1],
        AWAIT,
        f"import os; os.environ['ETNA_PASSWORD'] = os.environ['{KNOWN_LATER}']",
        *WARN.cells[1:],
    ),
)

# What was seen, in the words of the table.
LOGS_IN = "logs in"
NAMES = "names the variables"
NAMES_FORM = "names the variables and `--form`"
NO_FORM = "names the variables: nobody would see a form"
PROMPT = "a prompt, and logs in"
SHOWN_PROMPT = "a prompt that says that it is seen, and logs in"
NO_FORM_HERE = "names `--prompt`"
A_FORM = "a form, and logs in"
LIVE_FORM = "a form, and logs in; the line that says so is in the form's place"
UNUSED_FORM = "a form"
WAITS = "a form, and the cell waits for it"
OWN_CELL = "names `%etna_login` in a cell of its own"
CONNECT = "names `etna_magic.connect()`"
ENDLESS = "the cell never ends"
WARNED = "a line"
SILENT = "no line"

THEIR_ERROR = "asks, and ends in an error of jupyter-client"

_SENTENCES = {
    "object bool can't be used in 'await' expression": THEIR_ERROR,
    "on this page, run %etna_login --form": NAMES_FORM,
    "Nobody would see a form here": NO_FORM,
    "A console shows no form": NO_FORM_HERE,
    "--form needs a notebook": NO_FORM_HERE,
    "a form is shown": UNUSED_FORM,
    "in a cell of its own": OWN_CELL,
    "etna_magic.connect()": CONNECT,
    "it waits for ever": ENDLESS,
    "MissingCredentialsError: ETNA_PASSWORD is not set": NAMES,
}
_STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()=>][A-Z0-9]?")


def variables(sandbox: Sandbox, scenario: Scenario) -> dict[str, str]:
    """Return what the environment knows in a scenario."""
    known = {
        "ETNA_BASE_URL": sandbox.base_url,
        "ETNA_APP_KEY": sandbox.app_key,
        "ETNA_USERNAME": "demo",
    }
    if scenario is TOGETHER:
        known[KNOWN_LATER] = sandbox.password_of("demo")
    return known | ({"ETNA_PASSWORD": sandbox.password_of("demo")} if scenario.knows_password else {})


def said(scenario: Scenario, text: str, *, asks: bool = False) -> str:
    """Put the text of a run into the words of the table; the text itself where there are none."""
    plain = re.sub(r"\s+", " ", _STYLE.sub("", text))
    if scenario is WARN:
        assert "Logged in as demo" in plain, plain
        assert "slept" in plain, plain
        return WARNED if "etna: the token expired" in plain else SILENT
    for part, words in _SENTENCES.items():
        if part in plain:
            return words
    if "Logged in as demo" not in plain:
        return plain.strip()[-300:]
    return PROMPT if asks else LOGS_IN


def said_in_turn(texts: Sequence[str]) -> tuple[str, ...]:
    """Put what each cell of `TOGETHER` has shown into the words of the table."""
    _, form, awaited, *rest = texts
    asked = [bool(re.search(QUESTION, text)) for text in (form, awaited)]
    return said(FORM, form, asks=asked[0]), said(WAIT, awaited, asks=asked[1]), said(WARN, " ".join(rest))
