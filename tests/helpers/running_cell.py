"""A cell that nobody waits for: what it has shown so far, the forms that it awaits, and its end."""

import time
from typing import Any
from uuid import uuid4

from tests.helpers.cell_run import Run, text_of
from tests.helpers.front_end import FrontEnd
from tests.helpers.kernel import LIMIT, Kernel, Message


class RunningCell:
    """Starts a cell in a front end where a user can be asked, as JupyterLab does.

    Parameters
    ----------
    kernel
        Where it runs.
    code
        The cell.
    stop_on_error
        Whether the cells that were sent after it are refused if it fails, as JupyterLab asks for.
    """

    def __init__(self, kernel: Kernel, code: str, *, stop_on_error: bool = False) -> None:
        self._kernel = kernel
        asks = {"store_history": True, "allow_stdin": True, "stop_on_error": stop_on_error}
        self._content, self._metadata = asks | {"code": code}, {"cellId": uuid4().hex}
        self._sent = kernel.send("execute_request", self._content, self._metadata)

    def run_again(self) -> None:
        """Run it once more, also while it still runs: what it brought before is gone."""
        self._sent = self._kernel.send("execute_request", self._content, self._metadata)

    @property
    def so_far(self) -> Run:
        """What it has brought so far."""
        mine = [m for m in self._kernel.published if m["parent_header"].get("msg_id") == self._sent]
        return Run(messages=mine)

    @property
    def has_ended(self) -> bool:
        """Whether the kernel has said that it is done."""
        return any(m["content"].get("execution_state") == "idle" for m in self.so_far.messages)

    def wait_for_outputs(self, count: int = 1) -> list[Message]:
        """Wait until it has shown so much, and return that."""
        end = time.monotonic() + LIMIT
        while len(outputs := self.so_far.outputs) < count:
            assert time.monotonic() < end, f"never {count} outputs, but {self.so_far.texts}"
            self._kernel.publish()
        return outputs

    def forms(self, count: int) -> list[FrontEnd]:
        """Wait until its first outputs are there, each a form; return what follows each."""
        return [FrontEnd(self._kernel, Run(messages=[one])) for one in self.wait_for_outputs(count)[:count]]

    def form(self) -> FrontEnd:
        """Wait until it shows a form; return what follows that."""
        return self.forms(1)[0]

    def finish(self) -> Run:
        """Wait for its end, and return what it brought."""
        return self._kernel._collect(self._sent, self.so_far, [], lambda _: None)

    def stop(self) -> Run:
        """Press the stop button when nothing more comes, so that the kernel sleeps; wait for its end."""
        while self._kernel.publish() is not None:
            pass
        self._kernel.interrupt()
        return self.finish()

    @property
    def shown(self) -> list[str]:
        """What is under the cell now: each output as it was last updated."""
        return [text_of(self._last(message)) for message in self.so_far.outputs]

    def _last(self, message: Message) -> Message:
        name = message["content"].get("transient", {}).get("display_id")
        updates = [m for m in self._kernel.published if name and _updates(m, name)]
        return updates[-1] | {"msg_type": "display_data"} if updates else message


def _updates(message: Message, name: str) -> bool:
    is_same = message["content"].get("transient", {}).get("display_id") == name
    return message["msg_type"] == "update_display_data" and is_same


def open_widgets(kernel: Kernel) -> list[dict[str, Any]]:
    """Return the state of every open widget of a kernel but the lines of forms that have ended."""
    found: dict[str, dict[str, Any]] = {}
    for message in kernel.published:
        if message["msg_type"] == "comm_open":
            found[message["content"]["comm_id"]] = message["content"]["data"]["state"]
        elif message["msg_type"] == "comm_close":
            found.pop(message["content"]["comm_id"], None)
        elif (
            message["content"].get("data", {}).get("method") == "update" and message["msg_type"] == "comm_msg"
        ):
            found.get(message["content"]["comm_id"], {}).update(message["content"]["data"]["state"])
    for box in [one for one in found.values() if "etna-ended" in one.get("_dom_classes", ())]:
        (line,) = box["children"]
        for part in (line.removeprefix("IPY_MODEL_"), *_parts(found[line.removeprefix("IPY_MODEL_")])):
            found.pop(part)
        for part in _parts(box):
            found.pop(part)
    return [one for one in found.values() if "etna-ended" not in one.get("_dom_classes", ())]


def _parts(state: dict[str, Any]) -> list[str]:
    """Return the models of a widget's layout and style."""
    return [state[name].removeprefix("IPY_MODEL_") for name in ("layout", "style") if state.get(name)]
