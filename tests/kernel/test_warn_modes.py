"""`%config EtnaMagics.warn`: which cells are told of a stale token."""

import pytest

from tests.helpers.notebook_user import NotebookUser

SETUP = """
import functools

def quote(symbol): return etna_session.get(symbol)
def fee(x): return x + 1
def chain(symbol): return quote(symbol)
def make(session):
    def inner(): return session
    return inner
def of_default(session=etna_session): return session
class Desk:
    def price(self): return etna_session
    @staticmethod
    def fixed(): return etna_token
class Holder:
    def __init__(self, session): self.session = session
class Plain:
    def price(self): return 1
closed = make(etna_session)
partial = functools.partial(quote, "x")
of_nothing = functools.partial(fee, 1)
desk, plain, holder = Desk(), Plain(), Holder(etna_session)
method, plain_method = desk.price, plain.price
alias, also = etna_session, etna_token
nested = lambda: [quote(s) for s in ()]
"""

USING = [
    "etna_token",
    "etna_session.headers",
    "alias.headers",
    "also.remaining",
    "callable(quote)",
    "callable(chain)",
    "closed()",
    "of_default()",
    "callable(partial)",
    "method()",
    "desk.price()",
    "Desk",
    "Desk.fixed()",
    "holder",
    "callable(nested)",
    "[s for s in (1, 2) if etna_token.remaining]",
    "def later(): return etna_session",
    "x = [lambda: etna_token]",
    "%timeit -n1 -r1 etna_session.name",
    "%%timeit -n1 -r1\netna_session.name",
    "%time etna_token.state",
    "%%capture\netna_token",
    "import asyncio\nawait asyncio.sleep(0)\netna_token.state",
]
NOT_USING = [
    "6 * 7",
    "fee(1)",
    "of_nothing()",
    "plain.price()",
    "plain_method()",
    "Plain",
    "'etna_session'",
    "# etna_session",
    "print('no etna_token here')",
    "import os",
    "other_etna_session = 1",
    "%timeit -n1 -r1 fee(1)",
    "import functools",
]


@pytest.fixture
def used(seat: NotebookUser) -> NotebookUser:
    """Return a seat with a stale log-in, with things that use it, and ``warn`` at ``used``."""
    seat.log_in()
    seat.kernel.do(SETUP)
    # The same session and a token that stands in the namespace under two names.
    seat.age(left=-3)
    seat.kernel.do("also = etna_token")
    seat.kernel.do("get_ipython().run_line_magic('config', \"EtnaMagics.warn = 'used'\")")
    return seat


@pytest.mark.parametrize("code", USING)
def test_used_warns_where_the_log_in_is_used(used: NotebookUser, code):
    """By its names, another name, a function, a method, a partial or a class of the notebook."""
    assert 1 == len(used.kernel.run(code).warnings)


@pytest.mark.parametrize("code", NOT_USING)
def test_used_is_quiet_elsewhere(used: NotebookUser, code):
    """Cells that cannot reach the log-in are not told."""
    assert [] == used.kernel.run(code).warnings


def test_used_names_only_what_is_used(used: NotebookUser):
    """Of two stale log-ins, the one that the cell uses is named."""
    used.log_in_stale("paper")
    lines = used.kernel.run("paper_session.name").warnings
    assert ["paper"] == [line.split(":")[0] for line in lines]


def test_always_is_the_default(seat: NotebookUser):
    """Out of the box every cell is told."""
    assert "always" == seat.kernel.ask("get_ipython().magics_manager.registry['EtnaMagics'].warn")


def test_never(seat: NotebookUser):
    """Nothing is said, of stale tokens and of those near their end."""
    seat.log_in()
    seat.kernel.run("%config EtnaMagics.warn = 'never'")
    seat.age(left=600)
    near = seat.kernel.run("etna_token.username").texts
    seat.age(left=-3)
    assert [["'demo'"], ["'demo'"]] == [near, seat.kernel.run("etna_token.username").texts]


def test_once_for_each_token(seat: NotebookUser):
    """Said in one cell for each token: a new log-in that grows stale is said again."""
    seat.log_in_stale()
    seat.kernel.run("%config EtnaMagics.warn = 'once'", store_history=False)
    counts = [len(seat.kernel.run("pass").warnings) for _ in range(3)]
    seat.log_in_stale()
    counts += [len(seat.kernel.run("pass").warnings) for _ in range(2)]
    assert [1, 0, 0, 1, 0] == counts


def test_back_to_always(seat: NotebookUser):
    """The setting can be changed at any time."""
    seat.log_in_stale()
    counts = []
    for mode in ("never", "always", "never", "always"):
        seat.kernel.run(f"%config EtnaMagics.warn = '{mode}'", store_history=False)
        counts.append(len(seat.kernel.run("pass").warnings))
    assert [0, 1, 0, 1] == counts


@pytest.mark.parametrize(
    "setting",
    ["warn = 'sometimes'", "warn_before = -1", "lifetime = 'soon'", "timeout = 0", "lifetime = '0s'"],
)
def test_a_setting_that_makes_no_sense_is_refused(seat: NotebookUser, setting):
    """A wrong value is an error that names the setting, and the old one stays."""
    name = setting.split()[0]
    ask = f"get_ipython().magics_manager.registry['EtnaMagics'].{name}"
    before = seat.kernel.ask(ask)
    assert name in seat.kernel.run(f"%config EtnaMagics.{setting}").texts[0]
    assert before == seat.kernel.ask(ask)
