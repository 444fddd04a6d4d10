"""A server that hands out tokens and refuses every call is not asked for one after another."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from etna_magic import EtnaError, TokenExpiredError
from tests.calls.house import DENIED, House
from tests.helpers.server import answer

CALLS = 20
THREADS = 8


def come_of(house: House, method: str) -> int | EtnaError:
    """Return the status of a call, or its error."""
    try:
        return house.session.request(method, "v1.0/x").status_code
    except EtnaError as error:
        return error


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_few_log_ins(house: House, method: str) -> None:
    """Many calls in a row make two log-ins at most, and the last ones are not sent any more."""
    house.calls = DENIED
    come = [come_of(house, method) for _ in range(CALLS)]
    assert house.log_ins in (1, 2)
    told = "The server hands out tokens and refuses them: wait a minute, or log in again by hand."
    assert {(TokenExpiredError, told)} == {(type(one), str(one)) for one in come[2:]}
    before = len(house.server.received)
    assert isinstance(come_of(house, method), EtnaError)
    assert before == len(house.server.received)


def test_a_few_log_ins_of_many_threads(house: House) -> None:
    """So do calls of many threads."""
    house.calls = DENIED
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda _: come_of(house, "GET"), range(CALLS)))
    assert house.log_ins in (1, 2)


def test_tries_again_after_the_pause(house: House) -> None:
    """A minute later it tries again, and once the server takes its tokens calls go on."""
    house.calls = DENIED
    for _ in range(CALLS):
        come_of(house, "GET")
    before = house.log_ins
    house.clock.move(59)
    assert (True, before) == (isinstance(come_of(house, "GET"), EtnaError), house.log_ins)
    house.clock.move(1)
    house.calls = answer(200, b"{}")
    assert (200, before + 1) == (come_of(house, "GET"), house.log_ins)
    assert (200, None) == (come_of(house, "POST"), house.session.renewal.error)


def test_a_token_that_dies_later_is_renewed(house: House) -> None:
    """A token that was refused once is replaced, as is another that dies more than a minute later."""
    for log_ins in (1, 2):
        house.clock.move(60)
        house.calls = DENIED
        assert isinstance(come_of(house, "POST"), TokenExpiredError)
        house.calls = answer(200, b"{}")
        assert (200, log_ins) == (come_of(house, "POST"), house.log_ins)
