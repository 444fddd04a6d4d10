"""What can be called back, how it is taken away, and what an error in a callback does."""

import contextlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import FrozenInstanceError

import pytest

from etna_magic import LoginEvent, callbacks, on

EVENT = LoginEvent("renewed", "etna", "alice", "https://api.example.com", "LIVE")


@pytest.fixture(autouse=True)
def _no_other_callbacks() -> Iterator[None]:
    callbacks.clear()
    yield
    callbacks.clear()


def test_the_events() -> None:
    """There are five."""
    assert ("logged_in", "renewed", "renewal_failed", "stale", "logged_out") == callbacks.EVENTS


@pytest.mark.parametrize("event", callbacks.EVENTS)
def test_called(event: str) -> None:
    """A callback gets what happened at its event, on the thread where it happened, and nothing else."""
    got: list[tuple[LoginEvent, threading.Thread]] = []
    on(event, lambda happened: got.append((happened, threading.current_thread())))
    happened = [LoginEvent(name, "etna", "alice", "https://api.example.com") for name in callbacks.EVENTS]
    for one in happened:
        callbacks.emit(one)
    # What other tests have left behind may become stale meanwhile, on the timer's thread.
    mine = [one for one in got if one[0] in happened]
    assert [(one, threading.current_thread()) for one in happened if one.event == event] == mine


def test_an_unknown_event() -> None:
    """The error lists those there are."""
    with pytest.raises(
        ValueError, match=r"no event 'renewd': there are logged_in, renewed, renewal_failed, "
    ):
        on("renewd", print)


def test_what_is_no_callback() -> None:
    """What cannot be called is refused, and what nothing would await."""

    async def callback(_: LoginEvent) -> None:
        """Do nothing."""

    with pytest.raises(TypeError, match="this is of type str"):
        on("renewed", "print")

    class Callable:
        async def __call__(self, _: LoginEvent) -> None:
            """Do nothing."""

    for one in (callback, Callable()):
        with pytest.raises(TypeError, match="nothing would await"):
            on("renewed", one)


def test_taken_away() -> None:
    """What `on` returns takes that callback away, and may be called again; the same function twice is two."""
    got: list[LoginEvent] = []
    remove = on("renewed", got.append)
    on("renewed", got.append)
    for expected in (2, 3, 4):
        callbacks.emit(EVENT)
        assert expected == len(got)
        remove()


def test_an_error_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, with where it happened, and the next callback is called."""
    got: list[LoginEvent] = []

    def failing(_: LoginEvent) -> None:
        raise ZeroDivisionError("a mistake")

    on("renewed", failing)
    on("renewed", got.append)
    with caplog.at_level(logging.ERROR, "etna_magic"):
        callbacks.emit(EVENT)
    (record,) = caplog.records
    assert ([EVENT], "etna_magic", ZeroDivisionError) == (got, record.name, record.exc_info[0])
    assert "A callback failed that etna_magic.on('renewed', …) was given." == record.getMessage()


@pytest.mark.parametrize("error", [SystemExit("stop"), GeneratorExit()])
def test_nothing_ends_by_a_callback(caplog: pytest.LogCaptureFixture, error: BaseException) -> None:
    """``sys.exit()`` in a callback is logged as any mistake is, and what happened besides is called back."""
    got: list[LoginEvent] = []

    def failing(_: LoginEvent) -> None:
        raise error

    on("renewed", failing)
    on("renewed", got.append)
    with callbacks.held():
        callbacks.emit(EVENT)
        callbacks.emit(EVENT)
    assert ([EVENT] * 2, 2) == (got, len(caplog.records))


def test_an_interrupt_passes() -> None:
    """Ctrl-C in a callback reaches the caller, once all that happened was called back."""
    got: list[LoginEvent] = []

    def interrupted(_: LoginEvent) -> None:
        raise KeyboardInterrupt

    on("renewed", interrupted)
    on("renewed", got.append)

    def twice() -> None:
        with callbacks.held():
            callbacks.emit(EVENT)
            callbacks.emit(EVENT)

    with pytest.raises(KeyboardInterrupt):
        twice()
    assert [EVENT] * 2 == got


def test_held() -> None:
    """Inside of `held` nothing is called; at the end of the outermost all of it is, in its order."""
    got: list[str] = []
    on("renewed", lambda event: got.append(event.name))
    with callbacks.held():
        with callbacks.held():
            callbacks.emit(EVENT)
        callbacks.emit(LoginEvent("renewed", "second", "alice", "https://api.example.com"))
        assert [] == got
    assert ["etna", "second"] == got


def test_held_by_an_error() -> None:
    """What had happened before an error is called back as well."""
    got: list[LoginEvent] = []
    on("renewed", got.append)
    with contextlib.suppress(ZeroDivisionError), callbacks.held():
        callbacks.emit(EVENT)
        _ = 1 / 0
    assert [EVENT] == got


def test_held_here_alone() -> None:
    """Another thread's events are not held."""
    got: list[LoginEvent] = []
    on("renewed", got.append)
    with callbacks.held():
        other = threading.Thread(target=callbacks.emit, args=(EVENT,))
        other.start()
        other.join()
        assert [EVENT] == got


def test_a_callback_may_cause_more() -> None:
    """What a callback causes at the end of `held` is called back too."""
    got: list[str] = []
    on("renewed", lambda _: callbacks.emit(LoginEvent("stale", "etna", "alice", "https://api.example.com")))
    on("stale", lambda event: got.append(event.event))
    with callbacks.held():
        callbacks.emit(EVENT)
    assert ["stale"] == got


def test_an_event_does_not_change() -> None:
    """It is immutable, and says whose login it is."""
    with pytest.raises(FrozenInstanceError):
        EVENT.name = "other"
    assert "alice at https://api.example.com" == EVENT.account


def test_listeners() -> None:
    """What has to know of callbacks is told of each new one."""

    class Listener:
        told = 0

        def callback_added(self) -> None:
            self.told += 1

    listener = Listener()
    callbacks.listen(listener)
    on("stale", print)
    assert (1, True, False) == (
        listener.told,
        callbacks.is_awaited("stale"),
        callbacks.is_awaited("renewed"),
    )
