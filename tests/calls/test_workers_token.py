"""What a worker's session says of a token that is over."""

import pickle
import re

import pytest

from etna_magic import TokenExpiredError
from etna_magic.session import EtnaSession
from tests.calls.house import DENIED, PAST_THE_END
from tests.helpers.server import answer
from tests.helpers.leaks import caught

TRAVELS = {
    "here": lambda worker: worker,
    "there": lambda worker: pickle.loads(pickle.dumps(worker)),  # noqa: S301 - our own
}


@pytest.mark.parametrize("travel", TRAVELS.values(), ids=TRAVELS)
def test_refused(server, session: EtnaSession, travel) -> None:
    """A token that the server has refused is told as refused each time, and not as one that has ended."""
    server.play(DENIED)
    with session.for_workers() as worker:
        errors = [caught(lambda: worker.get("v1.0/x"))]
        before = len(server.received)
        with travel(worker) as there:
            errors += [caught(lambda: there.get("v1.0/x")), caught(lambda: there.post("v1.0/x"))]
    assert [TokenExpiredError] * 3 == [type(error) for error in errors]
    texts = [str(error) for error in errors]
    assert [True] * 3 == ["refused by the server" in text and "for_workers()" in text for text in texts]
    assert [] == [text for text in texts if re.search("ended|expired|20..-", text)]
    assert before == len(server.received)


def test_ended(server, session: EtnaSession, clock) -> None:
    """A token that has come to its end by the clock is told with its moment, and nothing is sent."""
    server.play(answer(200, b"{}"))
    with session.for_workers() as worker:
        clock.move(PAST_THE_END)
        errors = [str(caught(lambda: worker.get("v1.0/x"))) for _ in range(2)]
    told = "given ended at 2025-06-16 15:06:40 UTC" in errors[0]
    assert (1, True, []) == (len(set(errors)), told, server.received)
