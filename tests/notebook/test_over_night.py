"""A kernel idles through the lives of its tokens, a function answers two factors, and then comes an order."""

import json
from itertools import pairwise

import pytest

from etna_magic.sandbox import Sandbox
from tests.helpers.remembering_user import RememberingUser, remembering_user
from tests.helpers.waiting import wait_until

user = remembering_user

LIVES = 5
HOUR = 3600.0
LOG_IN = """
import etna_magic
asked, renewed = [], []
{define}
etna_magic.on("renewed", renewed.append)
etna_magic.on("renewal_failed", renewed.append)
etna_magic.on("stale", renewed.append)
await etna_magic.login(code=code, auto_renew=True, lifetime={lifetime!r});
"""
CODES = {
    "plain": "def code():\n    asked.append('a code')\n    return '246810'",
    "async": (
        "import asyncio\nasync def code():\n    asked.append(asyncio.get_running_loop())\n    return '246810'"
    ),
}
CALL = "etna_session.get('v1.0/users/@me/info').status_code"
ORDER = """
account = next(etna_session.pages('v1.0/users/@me/accounts'))['Id']
order = {"Symbol": "AAPL", "Type": "Limit", "Side": "Buy", "Quantity": 10, "Price": 180}
etna_session.post(f'v1.0/accounts/{account}/orders', json=order).status_code
"""
# Both clocks of the package, which only tests move.
CLOCKS = """
def _moved_clocks():
    import time
    from etna_magic.support import Clock
    ahead = [0.0, 0.0]
    Clock.wall = lambda self: time.time() + ahead[0]
    Clock.forward = lambda self: time.monotonic() + ahead[1]
    return ahead
_ahead = _moved_clocks()
"""
EVENTS = "[[event.event, event.expires_at.timestamp()] for event in renewed]"


def log_in(user: RememberingUser, sandbox: Sandbox, lifetime: float, code: str = "plain") -> None:
    """Log in who needs a code, which a function gives."""
    user.sandbox = sandbox
    user.know("twofactor")
    run = user.kernel.run(LOG_IN.format(define=CODES[code], lifetime=lifetime))
    assert ("ok", 1) == (run.status, len(run.texts)), run.texts


def refused(sandbox: Sandbox) -> list[int]:
    """Return the statuses of calls that were refused; a login's first step is answered with a 202."""
    return [seen.status for seen in sandbox.seen if seen.status >= 400]


@pytest.mark.parametrize(("code", "lifetime"), [("plain", 6.0), ("async", 2.0)])
def test_five_lives(user: RememberingUser, code: str, lifetime: float) -> None:
    """The tokens are renewed one after the other: no warning, no call that fails, one login a life."""
    with Sandbox(lifetime=lifetime, login_limit=None, call_limits=False) as sandbox:
        log_in(user, sandbox, lifetime, code)
        # Nothing is run in the kernel meanwhile. Each login has two steps.
        wait_until(lambda: sandbox.token_requests >= 2 * (1 + LIVES), 60)
        run = user.kernel.run(ORDER)
        assert ("ok", ["200"], []) == (run.status, run.texts, run.warnings)
        events = user.kernel.ask(EVENTS)
        assert {"renewed"} == {event for event, _ in events}
        assert 1 + len(events) == sandbox.token_requests / 2 == user.kernel.ask("len(asked)")
        ends = [end for _, end in events]
        assert [] == [(one, end) for one, end in pairwise(ends) if end - one < 0.89 * lifetime]
        assert [] == refused(sandbox)
        if code == "async":
            # At first on the kernel's loop, then on one of its own each time.
            mine = user.kernel.ask("[len(set(map(id, asked))), asked[0] is asked[-1], asked[0].is_running()]")
            assert [True, False, True] == [mine[0] > 1, mine[1], mine[2]]
        user.kernel.run("%etna_logout")


@pytest.mark.parametrize("clocks", ["wall", "both"])
def test_a_sleep(user: RememberingUser, clocks: str) -> None:
    """A laptop that slept past the end: the first cell says nothing and has it renewed; orders go on."""
    with Sandbox(lifetime=6 * HOUR, login_limit=None, call_limits=False) as sandbox:
        log_in(user, sandbox, 6 * HOUR)
        user.kernel.do(CLOCKS)
        try:
            sandbox.advance(8 * HOUR)
            user.kernel.do(f"_ahead[:] = [{8 * HOUR}, {8 * HOUR if clocks == 'both' else 0.0}]")
            assert "stale" == user.kernel.ask("etna_token.state.value")
            assert (["42"], []) == ((run := user.kernel.run("6 * 7")).texts, run.warnings)
            # No call was made: the timer was woken by the cell.
            wait_until(lambda: sandbox.token_requests == 4)
            run = user.kernel.run(ORDER)
            assert ("ok", ["200"], []) == (run.status, run.texts, run.warnings)
            assert (4, []) == (sandbox.token_requests, refused(sandbox))
        finally:
            user.kernel.do("_ahead[:] = [0.0, 0.0]")
            user.kernel.run("%etna_logout")


@pytest.mark.parametrize("code", CODES)
def test_a_sleep_and_a_call_at_once(user: RememberingUser, code: str) -> None:
    """Where the first cell after that places the order, it waits for the one login that is made."""
    with Sandbox(lifetime=6 * HOUR, login_limit=None, call_limits=False) as sandbox:
        log_in(user, sandbox, 6 * HOUR, code)
        user.kernel.do(CLOCKS)
        try:
            sandbox.advance(8 * HOUR)
            user.kernel.do(f"_ahead[:] = [{8 * HOUR}, 0.0]")
            run = user.kernel.run(ORDER)
            assert ("ok", ["200"], []) == (run.status, run.texts, run.warnings)
            assert (4, []) == (sandbox.token_requests, refused(sandbox))
        finally:
            user.kernel.do("_ahead[:] = [0.0, 0.0]")
            user.kernel.run("%etna_logout")


def test_an_old_error_is_not_shown(user: RememberingUser) -> None:
    """What had failed and works by now is not spoken of."""
    user.log_in("--auto-renew")
    user.age(left=600)
    user.kernel.set_environment(ETNA_PASSWORD="wrong")
    user.kernel.run(CALL, store_history=False)
    user.know()
    with user.pause(0.0):
        user.kernel.do("import etna_magic.session.token_refresher as _refusals; _refusals.AGAIN = 0.0")
        user.kernel.run(CALL, store_history=False)
        user.kernel.do("_refusals.AGAIN = 300.0")
    assert "fresh" == user.kernel.ask("etna_token.state.value")
    assert [] == user.kernel.run("6 * 7").warnings


def test_a_failure_is_dated(user: RememberingUser) -> None:
    """What is said of a failure says when it was tried and when the next try is, or that there is none."""
    user.log_in("--auto-renew")
    user.age(left=-3)
    user.kernel.set_environment(ETNA_PASSWORD="wrong")
    user.kernel.run(CALL, store_history=False)
    times = "[f'{moment.astimezone():%Y-%m-%d %H:%M:%S %Z}' for moment in (r.tried_at, r.next_try_at)]"
    tried, again = user.kernel.ask(times.replace("r.", "etna_session.holder.refresher."))
    (line,) = user.kernel.run("6 * 7").warnings
    assert "and could not be renewed" in line
    assert f"tried last at {tried}, next at {again[:-6]}"[:50] in line
    user.kernel.do("import etna_magic.session.token_refresher as _refusals; _refusals.MOST = 1")
    (line,) = user.kernel.run("6 * 7").warnings
    user.kernel.do("_refusals.MOST = 2")
    assert "not again by itself" in line


def test_unloaded(user: RememberingUser) -> None:
    """%unload_ext ends the timer and takes the callbacks away; %load_ext begins again with these logins."""
    names = "sorted(t.name for t in __import__('threading').enumerate() if t.name == 'etna_magic-renewals')"
    user.log_in("--auto-renew")
    user.kernel.do("import etna_magic; _got = []; etna_magic.on('logged_out', _got.append)")
    assert ["etna_magic-renewals"] == user.kernel.ask(names)
    user.kernel.run("%unload_ext etna_magic")
    user.kernel.wait_until(f"not {names}")
    assert "200" == user.kernel.run(CALL).texts[-1]
    assert [] == user.kernel.ask(names)
    user.kernel.run("%load_ext etna_magic")
    assert ["etna_magic-renewals"] == user.kernel.ask(names)
    user.kernel.run("%etna_logout")
    user.kernel.wait_until(f"not {names}")
    assert 0 == user.kernel.ask("len(_got)")


def test_reported(user: RememberingUser) -> None:
    """Events of a kernel's login say who and where, and hold no secret, however they are looked at."""
    user.kernel.do(
        "import etna_magic; _got = []\n"
        "for _event in ('logged_in', 'renewed', 'renewal_failed', 'stale', 'logged_out'):\n"
        "    etna_magic.on(_event, _got.append)"
    )
    user.log_in("--auto-renew")
    values = [user.value(), user.sandbox.app_key, user.sandbox.password_of("demo")]
    user.age(left=600)
    user.kernel.run(CALL)
    values.append(user.value())
    user.kernel.set_environment(ETNA_PASSWORD="wrong by now")
    user.age(left=-3)
    user.kernel.run(CALL)
    user.kernel.run("%etna_logout")
    seen = user.kernel.ask("[repr([event, vars(type(event)), event.account]) for event in _got]")
    expected = ["logged_in", "renewed", "renewal_failed", "stale", "logged_out"]
    assert expected == user.kernel.ask("[event.event for event in _got]")
    assert [] == [text for text in seen if any(value in text for value in (*values, "wrong by now"))]
    account = f"demo at {user.sandbox.base_url}"
    assert [["etna", account, "LIVE"]] * 5 == user.kernel.ask(
        "[[event.name, event.account, event.environment] for event in _got]"
    )
    (error,) = json.loads(json.dumps(user.kernel.ask("[event.error for event in _got if event.error]")))
    assert error.startswith("The token could not be renewed (tried last at ")
    assert ". The server refused " in error
