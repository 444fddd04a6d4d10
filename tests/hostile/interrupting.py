"""Logs in again and again, each time with Ctrl-C at another moment, and prints what that has left behind."""

import contextlib
import dis
import json
import sys
import threading
from functools import cache
from types import CodeType, FrameType

from requests.exceptions import ReadTimeout

from etna_magic import EtnaError, LoginFlow, deadline
from tests.helpers import accounts

FILES = {deadline.__file__, contextlib.__file__}
# After these Python looks whether there was a signal; nothing interrupts it anywhere else.
MOMENTS = ("CALL", "RESUME", "JUMP_BACKWARD")
LIMIT = 10.0


class Interrupt:
    """Ctrl-C at one moment of what is done inside, counted within those files and what they ask of threading.

    Parameters
    ----------
    moment : int
        At which one; if there are not so many, nothing happens.
    """

    def __init__(self, moment: int) -> None:
        #: Where that was; empty if it has not been reached.
        self.place = ""
        self._left = moment
        self._done: dict[FrameType, str] = {}

    def __enter__(self) -> None:
        sys.settrace(self._called)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)
        self._done.clear()

    def _called(self, frame: FrameType, *_: object) -> object:
        caller: FrameType | None = frame
        # What threading does for the pools of urllib3 is theirs.
        while caller is not None and caller.f_code.co_filename == threading.__file__:
            caller = caller.f_back
        if caller is None or caller.f_code.co_filename not in FILES:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._traced

    def _traced(self, frame: FrameType, event: str, _: object) -> object:
        if event == "opcode" and not self.place:
            before = self._done.get(frame, "")
            self._done[frame] = operations(frame.f_code)[frame.f_lasti]
            self._left -= before.startswith(MOMENTS)
            if self._left < 0:
                self.place = f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}"
                raise KeyboardInterrupt
        return self._traced


@cache
def operations(code: CodeType) -> dict[int, str]:
    """Return the name of each operation of some code, by its place there."""
    return {one.offset: one.opname for one in dis.get_instructions(code)}


def log_in(base_url: str) -> None:
    """Log in."""
    LoginFlow(accounts.credentials(base_url), timeout=LIMIT).start()


def works(base_url: str) -> bool:
    """Say whether a log-in goes through, and whether something that is late is ended."""
    done: list[bool] = []

    def act() -> None:
        log_in(base_url)
        shut_down = threading.Event()
        try:
            with deadline.ended_after(0.0, shut_down.set):
                done.append(shut_down.wait(LIMIT))
        except ReadTimeout:
            done.append(True)

    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(2 * LIMIT)
    return [True, True] == done


def main(base_url: str, *, is_first: bool) -> list[object]:
    """Return how many moments there were, and after which ones the next log-in or deadline did not work."""
    troubles: list[str] = []
    log_in(base_url)
    for moment in range(10_000):
        if is_first:
            # Its thread is yet to be started.
            deadline._reaper.begin_anew()
        interrupt = Interrupt(moment)
        with contextlib.suppress(KeyboardInterrupt, EtnaError), interrupt:
            log_in(base_url)
        if not interrupt.place:
            return [moment, troubles]
        if not works(base_url):
            troubles.append(interrupt.place)
            deadline._reaper.begin_anew()
    raise AssertionError("no end of moments")


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], is_first=sys.argv[2] == "first")))
