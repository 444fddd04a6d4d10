"""What a screen reader would say of a page, by Chromium's own accessibility tree."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

LIMIT = 20  # seconds
REGIONS = ("alert", "status")
STATES = ("disabled", "required", "invalid", "checked")

Node = dict[str, Any]


class ScreenReader:
    """Says what has the cursor, and what the regions say that are read out when they change.

    Parameters
    ----------
    page
        The page that is read.

    Attributes
    ----------
    log
        All that was said so far, a line each.
    """

    def __init__(self, page: Page) -> None:
        self.log: list[str] = []
        self._page = page
        self._browser = page.context.new_cdp_session(page)
        self._groups: list[str] = []
        self._focus = ""
        self._said: dict[str, str] = {}
        self._heard = 0

    def listen(self) -> list[str]:
        """Return what would be said of what has changed since the last time."""
        nodes: list[Node] = self._browser.send("Accessibility.getFullAXTree")["nodes"]
        tree = {node["nodeId"]: node for node in nodes}
        said = [*self._regions(nodes, tree), *self._cursor(nodes, tree)]
        self.log += said
        return said

    def wait_for(self, text: str) -> str:
        """Listen until a line has this text, after those that were waited for; return the line."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            self.listen()
            for number in range(self._heard, len(self.log)):
                if text in self.log[number]:
                    self._heard = number + 1
                    return self.log[number]
            self._page.wait_for_timeout(50)
        raise AssertionError(f"nobody has said {text!r}, but:\n" + "\n".join(self.log))

    def summary(self) -> str:
        """Return the log in an order of its own: a page may be looked at sooner or later while it changes.

        After each thing that a person does it has what was read out, and then where the cursor went; nothing
        twice, and nothing that was only a part of the next line.
        """
        acts = [part.split("\n") for part in "\n".join(self.log).strip().split("\n\n")]
        return "\n\n".join("\n".join([what, *_in_order(said)]) for what, *said in acts) + "\n"

    def note(self, text: str) -> None:
        """Put what a person does into the log."""
        self.log.append(f"\n[{text}]")

    def _regions(self, nodes: list[Node], tree: dict[str, Node]) -> list[str]:
        found = {node["nodeId"]: node for node in nodes if _role(node) in REGIONS and not node.get("ignored")}
        texts = {number: _text(node, tree) for number, node in found.items()}
        news = [number for number, text in texts.items() if text and text != self._said.get(number)]
        self._said = texts
        return [f"{_role(found[number])}: {texts[number]}" for number in news]

    def _cursor(self, nodes: list[Node], tree: dict[str, Node]) -> list[str]:
        focused = [node for node in nodes if _states(node).get("focused")]
        if not focused:
            return []
        node = focused[-1]
        groups, parent = [], tree.get(node.get("parentId", ""))
        while parent is not None:
            if _role(parent) == "group" and _name(parent):
                groups.insert(0, _name(parent))
            parent = tree.get(parent.get("parentId", ""))
        entered = [f"group: {name}" for name in groups if name not in self._groups]
        states = [f"{'' if value in (True, 'true') else 'not '}{name}" for name, value in _shown(node)]
        description = node.get("description", {}).get("value", "")
        line = ", ".join(filter(None, (f"{_role(node)}: {_name(node) or '(no name)'}", *states, description)))
        focus = f"{node.get('backendDOMNodeId')} {line}"
        is_new, self._focus, self._groups = focus != self._focus, focus, groups
        return [*entered, line] if is_new else []


def _in_order(said: list[str]) -> list[str]:
    whole = [line for line, after in zip(said, [*said[1:], ""], strict=True) if not after.startswith(line)]
    return sorted(dict.fromkeys(whole), key=lambda line: not line.startswith(REGIONS))


def _role(node: Node) -> str:
    return str(node.get("role", {}).get("value", ""))


def _name(node: Node) -> str:
    return " ".join(str(node.get("name", {}).get("value", "")).split())


def _states(node: Node) -> dict[str, Any]:
    return {one["name"]: one["value"].get("value") for one in node.get("properties", [])}


def _shown(node: Node) -> list[tuple[str, Any]]:
    """Return the states that are said: those that are so, and whether a box is ticked."""
    states = _states(node)
    is_said = {name for name in STATES if states.get(name) not in (None, False, "false")} | {"checked"}
    return [(name, states[name]) for name in STATES if name in states and name in is_said]


def _text(node: Node, tree: dict[str, Node]) -> str:
    if _role(node) == "StaticText":
        return _name(node)
    parts = (_text(tree[child], tree) for child in node.get("childIds", []) if child in tree)
    # An address is in parts, between which a line may be broken.
    return re.sub(r" (?=[.,:])|(?<=/) (?=\w)", "", " ".join(filter(None, parts)))
