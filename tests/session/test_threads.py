"""Many threads on one session, across the end of its tokens."""

import logging
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from IPython.core.interactiveshell import InteractiveShell

from etna_magic import EtnaSession, TokenState
from etna_magic.sandbox import Sandbox
from tests.helpers.waiting import wait_until

THREADS, CALLS = 32, 50
LIFETIME = 3.0
QUOTE = "v1.0/equities/AAPL"


def statuses_of_all_threads(session: EtnaSession) -> Counter[int]:
    """Call from all threads, past the end of the token that was made just now; count the answers."""
    began, line_up = time.monotonic(), threading.Barrier(THREADS)

    def work(_: int) -> list[int]:
        line_up.wait(30)
        statuses = []
        for number in range(CALLS):
            # Spread over time, so that even the fastest machine is still calling when the token ends.
            moment = began + number * 1.4 * LIFETIME / CALLS
            wait_until(lambda moment=moment: time.monotonic() >= moment)
            statuses.append(session.get(QUOTE).status_code)
        return statuses

    with ThreadPoolExecutor(THREADS) as threads:
        return Counter(status for done in threads.map(work, range(THREADS)) for status in done)


def test_across_an_expiry(
    sandbox: Sandbox, ip: InteractiveShell, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Every answer is 200, the token was renewed once and replaced, and no connection was thrown away."""
    caplog.set_level(logging.WARNING)
    sandbox.lifetime = LIFETIME
    # By the environment, so that the renewal gets a token that outlives the test on any machine.
    monkeypatch.setenv("ETNA_TOKEN_LIFETIME", f"{LIFETIME:.0f}s")
    ip.run_line_magic("etna_login", "--auto-renew")
    session, token = ip.user_ns["etna_session"], ip.user_ns["etna_token"]
    monkeypatch.setenv("ETNA_TOKEN_LIFETIME", "1h")
    sandbox.lifetime = 3600.0
    assert {200: THREADS * CALLS} == statuses_of_all_threads(session)
    assert (2, TokenState.STALE) == (sandbox.token_requests, token.state)  # the login and one renewal
    assert ip.user_ns["etna_token"] is session.token is not token
    assert session is ip.user_ns["etna_session"]
    assert [] == [record.getMessage() for record in caplog.records]


def test_pool(sandbox: Sandbox, ip: InteractiveShell, caplog: pytest.LogCaptureFixture) -> None:
    """32 threads at once share their connections without a word about a full pool."""
    caplog.set_level(logging.WARNING)
    ip.run_line_magic("etna_login", "")
    session, line_up = ip.user_ns["etna_session"], threading.Barrier(THREADS)

    def work(_: int) -> int:
        line_up.wait(30)
        return sum(session.get(QUOTE).status_code == 200 for _ in range(10))

    with ThreadPoolExecutor(THREADS) as threads:
        assert THREADS * 10 == sum(threads.map(work, range(THREADS)))
    assert [] == [record.getMessage() for record in caplog.records]


def test_many_calls_over_many_tokens(
    sandbox: Sandbox, ip: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every answer of thousands is a good one, over at least five tokens that have ended."""
    calls, threads, expiries, lifetime = 4_000, 4, 5, 0.7
    sandbox.lifetime = lifetime
    ip.run_cell("%config EtnaMagics.auto_renew = True")
    ip.run_line_magic("etna_login", f"--lifetime {lifetime}")
    namespace, tokens = ip.user_ns, set()

    def loop(least: int) -> Counter[int]:
        """Call so often at least, and until there were enough tokens: a fast machine sees them all, too."""
        statuses: Counter[int] = Counter()
        while statuses.total() < least or len(tokens) <= expiries:
            statuses[namespace["etna_session"].get("v1.0/users/@me/info").status_code] += 1
            tokens.add(namespace["etna_token"].get_secret_value())
        return statuses

    began = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        counts = sum(pool.map(loop, [calls // threads] * threads), Counter())
    lives = (time.monotonic() - began) / (0.9 * lifetime)  # a tenth before its end it is renewed
    assert ([200], True) == (list(counts), counts[200] >= calls)
    # Once for all threads.
    assert expiries < len(tokens) <= sandbox.token_requests <= lives + 2
    shown = capsys.readouterr().out
    assert [] == [text for text in ("expired", "could not be renewed") if text in shown]
