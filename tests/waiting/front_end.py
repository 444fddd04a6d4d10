"""The part of a front end that fills in forms: it knows the widgets of a kernel, and speaks to them."""

import time
from collections.abc import Callable
from typing import Any

from tests.helpers.kernel import LIMIT, Kernel
from tests.helpers.cell_run import Run, text_of

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class FrontEnd:
    """Runs cells without waiting for their end, and uses the widgets that they show.

    Parameters
    ----------
    kernel
        Whose widgets.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._seen = len(kernel.published)
        #: The state of every widget that is open, by the id of its comm.
        self.widgets: dict[str, dict[str, Any]] = {}
        self._sent: list[str] = []

    def start(self, code: str) -> str:
        """Start a cell for a person who can answer; return the id of its request."""
        content = {"code": code, "store_history": True, "allow_stdin": True, "stop_on_error": False}
        self._sent.append(self.kernel.send("execute_request", content))
        return self._sent[-1]

    def leave(self) -> None:
        """End what a test that has failed left running."""
        for sent in self._sent:
            if not any(_is_idle(message) for message in self.so_far(sent).messages):
                self.kernel.interrupt()
                self.kernel.send("comm_msg", {"comm_id": "nobody", "data": {}})  # wakes a loop that sleeps
                self.finish(sent)

    def so_far(self, sent: str) -> Run:
        """Return what a cell has brought so far."""
        mine = [m for m in self.kernel.published if m["parent_header"].get("msg_id") == sent]
        return Run(messages=mine)

    def finish(self, sent: str) -> Run:
        """Wait for the end of a cell, and return what it brought."""
        run = self.kernel._collect(sent, self.so_far(sent), [], lambda _: None)
        self._follow()
        return run

    def run(self, code: str) -> Run:
        """Run a cell to its end."""
        return self.finish(self.start(code))

    def until(self, what: Callable[[], Any], why: str = "what was waited for") -> Any:
        """Follow the kernel until something is so, and return it."""
        end = time.monotonic() + LIMIT
        while not (found := what()):
            assert time.monotonic() < end, f"never came: {why}; there are {self.labels}, {self.messages}"
            self.kernel.publish()
            self._follow()
        return found

    def wait_for_outputs(self, sent: str, count: int) -> list[dict[str, Any]]:
        """Wait until a cell has shown so much; return what it has displayed."""
        self.until(lambda: len(self.so_far(sent).outputs) >= count, f"{count} outputs")
        return self.so_far(sent).bundles

    def wait_for_form(self, *labels: str) -> None:
        """Wait until these fields and buttons are there, and can be used."""

        def there() -> bool:
            found = [self._find(label) for label in labels]
            return all(one and not self.widgets[one].get("disabled") for one in found)

        self.until(there, f"a form with {labels}")

    def type(self, label: str, text: str) -> None:
        """Type into a field and leave it."""
        self._send(label, {"method": "update", "state": {"value": text}, "buffer_paths": []})

    def click(self, label: str) -> None:
        """Click on a button."""
        self._send(label, {"method": "custom", "content": {"event": "click"}})

    def enter(self, label: str, text: str) -> None:
        """Type into a field and press Enter: the press comes first, as in JupyterLab."""
        self._send(label, {"method": "custom", "content": {"event": "submit"}})
        self.type(label, text)

    def log_in(self, password: str) -> None:
        """Fill in a form that asks for the password alone."""
        self.wait_for_form("Password", "Log in")
        self.type("Password", password)
        self.click("Log in")

    def fail_to_log_in(self, password: str) -> None:
        """Fill in such a form with a wrong password, and wait for the one that takes its place."""
        self.log_in(password)
        # Each message is looked at by itself, so that none of these is missed.
        self.until(lambda: "Logging in" in self.messages, "a form that is busy")
        self.until(lambda: "Logging in" not in self.messages, "the end of that")
        self.until(lambda: "etna-error" in self.messages, "an error in the form")

    @property
    def labels(self) -> list[str]:
        """The fields and buttons that are there."""
        return [s["description"] for s in self.widgets.values() if s.get("description")]

    @property
    def messages(self) -> str:
        """What stands in the texts of all forms."""
        return " ".join(s["value"] for s in self.widgets.values() if s["_model_name"] == "HTMLModel")

    def shown(self, run: Run) -> list[str]:
        """Return what stands under a cell in the end: each output as it was last updated."""
        texts = []
        for message in run.outputs:
            name = message["content"].get("transient", {}).get("display_id")
            later = [m for m in self.kernel.published if name and _updates(m, name)]
            texts.append(text_of(later[-1] | {"msg_type": "display_data"}) if later else text_of(message))
        return texts

    def _find(self, label: str) -> str | None:
        found = [comm for comm, state in self.widgets.items() if state.get("description") == label]
        return found[-1] if found else None

    def _send(self, label: str, data: dict[str, Any]) -> None:
        self._follow()
        comm = self._find(label)
        assert comm, f"there is no {label}: {self.labels}"
        self.kernel.send("comm_msg", {"comm_id": comm, "data": data})

    def _follow(self) -> None:
        for message in self.kernel.published[self._seen :]:
            content = message["content"]
            match message["msg_type"]:
                case "comm_open":
                    self.widgets[content["comm_id"]] = dict(content["data"]["state"])
                case "comm_msg" if content["data"].get("method") == "update":
                    self.widgets.get(content["comm_id"], {}).update(content["data"]["state"])
                case "comm_close":
                    self.widgets.pop(content["comm_id"], None)
        self._seen = len(self.kernel.published)


def _is_idle(message: dict[str, Any]) -> bool:
    return message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"


def _updates(message: dict[str, Any], name: str) -> bool:
    same = message["content"].get("transient", {}).get("display_id") == name
    return message["msg_type"] == "update_display_data" and same
