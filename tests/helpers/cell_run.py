"""What one execution brought: its reply, and its outputs in their order."""

from dataclasses import dataclass, field
from typing import Any

# Of the messages on iopub, those that a front end puts under the cell.
OUTPUTS = ("stream", "display_data", "execute_result", "error")


@dataclass
class Run:
    """One execution.

    Parameters
    ----------
    messages
        Every iopub message that it caused.
    reply
        The content of its reply.
    asked
        The prompts that it showed, and whether the answer was to be unseen.
    """

    messages: list[dict[str, Any]] = field(default_factory=list)
    reply: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def status(self) -> str:
        """Whether it went well: ``ok`` or ``error``."""
        return self.reply["status"]

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """The messages that a front end shows."""
        return [message for message in self.messages if message["msg_type"] in OUTPUTS]

    @property
    def texts(self) -> list[str]:
        """The plain text of each output."""
        return [text_of(message) for message in self.outputs]

    @property
    def bundles(self) -> list[dict[str, Any]]:
        """What was displayed, by MIME type."""
        return [m["content"]["data"] for m in self.outputs if "data" in m["content"]]

    @property
    def warnings(self) -> list[str]:
        """The lines that the watcher showed."""
        return [b["text/plain"] for b in self.bundles if "etna-warning" in b.get("text/html", "")]

    @property
    def error(self) -> str:
        """What is shown under the cell when it has failed, in whichever way; a few lines as one."""
        assert self.status == "error", f"the cell did not fail: {self.texts}"
        lines = self.texts[-1].removesuffix("\n").splitlines()
        return (" " if len(lines) < 4 else "\n").join(lines)

    @property
    def paged(self) -> str:
        """What ``?`` put into the pager."""
        return "\n".join(part["data"]["text/plain"] for part in self.reply["payload"])


def text_of(message: dict[str, Any]) -> str:
    """Return the plain text of an output."""
    content = message["content"]
    match message["msg_type"]:
        case "stream":
            return content["text"]
        case "error":
            return "\n".join(content["traceback"])
    return content["data"].get("text/plain", "")
