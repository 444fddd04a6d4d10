"""The function given as `code=`: how it is asked, what it may return, and what is said when it fails."""

import asyncio
import copy
import functools
import pickle
import sys
import threading
from collections.abc import Awaitable

import pytest

from etna_magic import Secret, VerificationError
from etna_magic.settings import CodeSource, LoginOptions, as_parameter
from etna_magic.settings.login_options import CODE_TIMEOUT, checked_options
from tests.helpers.leaks import caught, leaks
from tests.helpers.waiting import wait_until

CODE, SEED = "CODE-SECRET-081", "SEED-SECRET-555"


async def coded(value: object) -> object:
    """Return a value, after the loop has run once."""
    await asyncio.sleep(0)
    return value


@pytest.mark.parametrize("value", [CODE, f" {CODE}\n", Secret(CODE)], ids=["str", "line", "Secret"])
@pytest.mark.parametrize("wrap", [lambda value: value, coded], ids=["plain", "async"])
def test_a_code(value: object, wrap) -> None:
    """A str or a Secret is a code, returned or awaited; a line's end is not part of it."""
    assert Secret(CODE) == CodeSource(lambda: wrap(value)).get_code()


def test_asked_each_time() -> None:
    """Each code is asked for, on another thread than the one that waits."""
    threads: list[threading.Thread] = []

    def code() -> str:
        threads.append(threading.current_thread())
        return str(len(threads))

    source = CodeSource(code)
    assert [Secret("1"), Secret("2")] == [source.get_code(), source.get_code()]
    assert threading.current_thread() not in threads


def test_on_the_running_loop() -> None:
    """With a loop, an async function is awaited there; without one, on a loop of its own."""
    loops: list[asyncio.AbstractEventLoop] = []

    async def code() -> str:
        loops.append(asyncio.get_running_loop())
        return CODE

    async def main() -> asyncio.AbstractEventLoop:
        source = CodeSource(code).on_loop(asyncio.get_running_loop())
        await asyncio.to_thread(source.get_code)
        await asyncio.to_thread(source.on_loop(None).get_code)
        return asyncio.get_running_loop()

    mine = asyncio.run(main())
    assert [True, False] == [loop is mine for loop in loops]


def test_called_off() -> None:
    """What is awaited on a given loop is cancelled when nobody waits for it any more."""
    begun, ended = threading.Event(), []

    async def code() -> str:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("cancelled")
        return CODE

    async def main() -> None:
        source = CodeSource(code).on_loop(asyncio.get_running_loop())
        waiting = asyncio.ensure_future(asyncio.to_thread(source.get_code))
        await asyncio.to_thread(begun.wait, 30)
        source.cancel()
        with pytest.raises(VerificationError, match="failed with a CancelledError"):
            await waiting

    asyncio.run(main())
    assert ["cancelled"] == ended


def test_called_off_before_it_is_awaited() -> None:
    """A function that is still at work then has nothing awaited after it."""
    begun, go_on = threading.Event(), threading.Event()

    async def later() -> str:
        await asyncio.sleep(60)
        return CODE

    def code() -> Awaitable[str]:
        begun.set()
        go_on.wait(30)
        return later()

    async def main() -> None:
        source = CodeSource(code).on_loop(asyncio.get_running_loop())
        waiting = asyncio.ensure_future(asyncio.to_thread(source.get_code))
        await asyncio.to_thread(begun.wait, 30)
        source.cancel()
        go_on.set()
        with pytest.raises(VerificationError, match="failed with a CancelledError"):
            await waiting

    asyncio.run(main())


def failing() -> str:
    """Fail with the code in the exception."""
    raise ValueError(f"cannot use {CODE}")


async def failing_later() -> str:
    """Fail so after a while."""
    await asyncio.sleep(0)
    return failing()


@pytest.mark.parametrize("function", [failing, failing_later])
def test_an_error(function) -> None:
    """It is reported by its kind, without the code, and without what raised it."""
    error = caught(CodeSource(function).get_code)
    expected = (
        "The function that was given as code= failed with a ValueError, so there is no code to log in with. "
        "Call it by itself to see why, then log in again."
    )
    assert (VerificationError, expected, []) == (type(error), str(error), leaks(error, [CODE]))
    assert (None, None) == (error.__cause__, error.__context__)


def test_an_exit() -> None:
    """A function that ends its program has failed, and the program goes on."""
    with pytest.raises(VerificationError, match="failed with a SystemExit"):
        CodeSource(sys.exit).get_code()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "returned a NoneType in place of a str"),
        (246810, "returned a int in place of a str"),
        (b"246810", "returned a bytes in place of a str"),
        (" \n", "returned an empty str"),
        (Secret(""), "returned an empty Secret"),
    ],
)
def test_no_code(value: object, said: str) -> None:
    """What is no code is named by its type."""
    with pytest.raises(VerificationError, match=f"given as code= {said}, so there is no code"):
        CodeSource(lambda: value).get_code()


def test_too_late() -> None:
    """A function that takes too long is abandoned; one that is awaited is cancelled."""
    assert 120.0 == CODE_TIMEOUT == CodeSource(failing).timeout
    released, cancelled = threading.Event(), threading.Event()

    async def waiting() -> str:
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()
        return CODE

    for function in (lambda: released.wait(60) and CODE, waiting):
        error = caught(CodeSource(function, timeout=0.1).get_code)
        assert "The function that was given as code= took longer than 0.1 s" in str(error)
    released.set()
    assert cancelled.wait(30)


def test_nothing_shows_the_function() -> None:
    """Neither a repr nor an attribute, a copy or a pickle of the options has the function, or its seed."""
    source = CodeSource(functools.partial(str, SEED))
    options = LoginOptions(code=source)
    seen = [repr(source), str(source), repr(options), repr([getattr(source, name) for name in dir(source)])]
    assert [] == [text for text in seen if SEED in text or "partial" in text]
    assert SEED.encode() not in pickle.dumps(source)
    assert copy.copy(source) is source is copy.deepcopy(source)
    with pytest.raises(VerificationError, match="empty str"):
        pickle.loads(pickle.dumps(source)).get_code()  # noqa: S301 - our own


def test_kept_for_renewals() -> None:
    """A code is used once; a function is kept for renewals and for a line that repeats the login."""
    before = LoginOptions(code=CodeSource(lambda: CODE))
    assert Secret(CODE) == LoginOptions().repeating(before).code.get_code()
    given = LoginOptions(code=Secret("1"))
    assert (given.code, None) == (given.repeating(before).code, LoginOptions().repeating(given).code)


def test_a_function_that_never_returns() -> None:
    """It is called once: each try would leave one more thread behind. When it has returned, it is again."""
    free, calls = threading.Event(), []

    def code() -> str:
        calls.append(1)
        free.wait(30)
        return CODE

    source = CodeSource(code, timeout=0.05)
    assert "took longer than 0.05 s" in str(caught(source.get_code))
    for _ in range(3):
        assert "has not returned yet from the last time" in str(caught(source.get_code))
    assert [1] == calls
    free.set()

    def answers() -> bool:
        try:
            return source.get_code() == Secret(CODE)
        except VerificationError:
            return False

    wait_until(answers)


@pytest.mark.parametrize("value", ["\u20ac12", "1\x002", "1\n2"], ids=["euro", "control", "line break"])
def test_a_code_that_cannot_be_sent(value: str) -> None:
    """It is the function's mistake, and the sentence says so without the code."""
    error = caught(CodeSource(lambda: value).get_code)
    assert (VerificationError, True) == (
        type(error),
        str(error).startswith("The function that was given as code= returned a code that holds a "),
    )
    assert [] == leaks(error, [value])


def test_a_number_as_a_code() -> None:
    """What is no text and no function is refused in plain words."""
    with pytest.raises(
        TypeError, match="code has to be a text or a function that returns one, and is of type int"
    ):
        checked_options(LoginOptions("etna", code=12), as_parameter)
