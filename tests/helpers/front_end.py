"""What a front end does with widgets: it keeps their models, and sends what a user does to them."""

import html
import re
import time
from collections.abc import Callable
from typing import Any

from tests.helpers.cell_run import Run
from tests.helpers.kernel import LIMIT, Kernel

VIEW = "application/vnd.jupyter.widget-view+json"
# Most tags end a word; the one that keeps an option in one piece does not.
_OPTION = re.compile('<span class="etna-option">(.*?)</span>')
_TAG = re.compile(r"<[^>]+>")

State = dict[str, Any]


class FrontEnd:
    """Follows the form that one cell has displayed.

    Parameters
    ----------
    kernel
        The kernel that the cell ran in.
    run
        The cell that displayed the form.
    """

    def __init__(self, kernel: Kernel, run: Run) -> None:
        self._kernel = kernel
        self._read = 0
        self._models: dict[str, State] = {}
        shown = [m for m in run.outputs if VIEW in m["content"].get("data", {})]
        assert 1 == len(shown), run.texts
        self.root = shown[0]["content"]["data"][VIEW]["model_id"]
        self.display_id = shown[0]["content"]["transient"]["display_id"]
        self._follow()

    def _follow(self) -> None:
        """Apply every comm message that the kernel has published since."""
        news, self._read = self._kernel.published[self._read :], len(self._kernel.published)
        for message in news:
            content, kind = message["content"], message["msg_type"]
            if kind == "comm_open":
                self._models[content["comm_id"]] = dict(content["data"]["state"])
            elif kind == "comm_msg" and content["data"].get("method") == "update":
                self._models.setdefault(content["comm_id"], {}).update(content["data"]["state"])
                self._copy(content["comm_id"], content["data"]["state"])
            elif kind == "comm_close":
                self._models.pop(content["comm_id"], None)

    def _copy(self, model: str, changed: State) -> None:
        """Do what links between widgets say: copy what has changed, and send it."""
        links = [s for s in self._models.values() if s.get("_model_name") == "DirectionalLinkModel"]
        for link in links:
            (source, attribute), (target, copy) = link["source"], link["target"]
            if source.removeprefix("IPY_MODEL_") == model and attribute in changed:
                state = {copy: changed[attribute]}
                other = target.removeprefix("IPY_MODEL_")
                if other in self._models:
                    self._models[other].update(state)
                    self._tell(other, {"method": "update", "state": state, "buffer_paths": []})

    def _tree(self, model: str) -> list[str]:
        state = self._models.get(model, {})
        children = [child.removeprefix("IPY_MODEL_") for child in state.get("children", ())]
        return [model, *(one for child in children for one in self._tree(child))]

    def _shown(self, kind: str) -> dict[str, str]:
        """Return the models of a kind that the form shows, by their description."""
        models = {model: self._models[model] for model in self._tree(self.root) if model in self._models}
        return {s["description"]: m for m, s in models.items() if re.fullmatch(kind, s["_model_name"])}

    @property
    def fields(self) -> list[str]:
        """The labels of the fields that the form shows."""
        return list(self._shown("(Text|Password)Model"))

    @property
    def buttons(self) -> list[str]:
        """The labels of its buttons."""
        return list(self._shown("ButtonModel"))

    @property
    def texts(self) -> list[str]:
        """What its heading says, and its message, unescaped and without tags."""
        states = [self._models[model] for model in self._tree(self.root) if model in self._models]
        pages = {css: state.get("value", "") for state in states for css in state.get("_dom_classes", ())}
        said = [
            pages[f"etna-{part}"] for part in ("heading", "alert", "said", "count") if f"etna-{part}" in pages
        ]
        heading, *messages = [html.unescape(_TAG.sub(" ", _OPTION.sub(r"\1", page))) for page in said] or [""]
        return [" ".join(text.split()) for text in (heading, "".join(messages))]

    def state(self, label: str) -> State:
        """Return the model of a field or a button."""
        return self._models[self.model_id(label)]

    def model_id(self, label: str) -> str:
        """Return the id of the model of a field or a button."""
        return self._shown("(Text|Password|Button|Checkbox)Model")[label]

    def _tell(self, model: str, data: dict[str, Any]) -> None:
        self._kernel.send("comm_msg", {"comm_id": model, "data": data})

    def tick(self, label: str, *, is_ticked: bool = True) -> None:
        """Tick a box, or take the tick away."""
        state = {"value": is_ticked}
        self._tell(self.model_id(label), {"method": "update", "state": state, "buffer_paths": []})

    def type(self, label: str, text: str) -> None:
        """Type into a field and leave it: its value is sent alone."""
        self._tell(self.model_id(label), {"method": "update", "state": {"value": text}, "buffer_paths": []})

    def enter(self, label: str, text: str) -> None:
        """Type into a field and press Enter there: `submit` is sent first, and the value after it."""
        self._tell(self.model_id(label), {"method": "custom", "content": {"event": "submit"}})
        self.type(label, text)

    def click(self, label: str, times: int = 1) -> None:
        """Click a button."""
        model = self.model_id(label)
        for _ in range(times):
            self._tell(model, {"method": "custom", "content": {"event": "click"}})

    def draw(self) -> None:
        """Draw the form: the widgets whose views are counted count one more."""
        self._count(1)

    def clear(self) -> None:
        """Take the form from the page, as a front end does when its cell is run again."""
        self._count(-1)

    def _count(self, more: int) -> None:
        layout = self._models[self.root]["layout"].removeprefix("IPY_MODEL_")
        for model in (self.root, layout):
            count = self._models[model].get("_view_count")
            if count is not None:
                self._models[model]["_view_count"] = count + more
                state = {"_view_count": count + more}
                self._tell(model, {"method": "update", "state": state, "buffer_paths": []})

    @property
    def views(self) -> int | None:
        """How many views of it are counted."""
        return self._models[self.root].get("_view_count")

    def fill(self, *texts: str) -> None:
        """Type into all fields, from the first to the last."""
        for label, text in zip(self.fields, texts, strict=True):
            self.type(label, text)

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Follow what the kernel publishes until something is so."""
        end = time.monotonic() + LIMIT
        while not is_so():
            assert time.monotonic() < end, (
                f"the form says {self.texts}, instead of it is shown {self.replaced}"
            )
            self._kernel.publish()
            self._follow()

    def wait_for(self, text: str) -> None:
        """Wait until the form says something and can be used."""
        self.wait_until(lambda: text in " ".join(self.texts) and self.is_idle)

    def wait_for_field(self, label: str) -> None:
        """Wait until it shows a field and can be used."""
        self.wait_until(lambda: label in self.fields and bool(self.buttons) and self.is_idle)

    def log_in(self, password: str) -> None:
        """Fill in a form that asks for the password alone."""
        self.wait_for_field("Password")
        self.type("Password", password)
        self.click("Log in")

    def verify(self, code: str) -> None:
        """Answer a form that asks for a code."""
        self.wait_for_field("Code")
        self.type("Code", code)
        self.click("Verify")

    @property
    def is_idle(self) -> bool:
        """Whether its buttons can be clicked."""
        return all(not self.state(label).get("disabled") for label in self.buttons)

    @property
    def replaced(self) -> list[dict[str, str]]:
        """What the display of the form was updated to."""
        return [
            message["content"]["data"]
            for message in self._kernel.published
            if message["msg_type"] == "update_display_data"
            and message["content"]["transient"]["display_id"] == self.display_id
        ]

    @property
    def line(self) -> str:
        """The one line that is shown instead of the form, once there is one."""
        self.wait_until(lambda: bool(self.replaced))
        assert 1 == len(self.replaced)
        return self.replaced[0]["text/plain"]


def show_form(kernel: Kernel, line: str) -> FrontEnd:
    """Run a line that shows a login form."""
    run = kernel.run(line, allow_stdin=True)
    assert "ok" == run.status, run.texts
    return FrontEnd(kernel, run)
