"""A real kernel in a process of its own, spoken to as front ends do."""

import ast
import json
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty
from typing import Any, Self
from uuid import uuid4

from jupyter_client import BlockingKernelClient, KernelManager

from tests.helpers.cell_run import Run
from tests.helpers.clean_home import environment

LIMIT = 30.0  # seconds after which something that should have come has not
POLL = 0.05

Message = dict[str, Any]


class Kernel:
    """A kernel whose every message is kept.

    Parameters
    ----------
    home
        The directory below which the kernel writes all that it writes.
    variables
        More of its environment.
    """

    def __init__(self, home: Path, **variables: str) -> None:
        self.home = home
        self.work = home / "work"
        self.work.mkdir(parents=True)
        #: Every message that the kernel has published.
        self.published: list[Message] = []
        self._log = (home / "kernel.log").open("wb")
        self._variables = environment(home, **variables)
        self._manager = KernelManager(kernel_name="python3", connection_file=str(home / "connection.json"))
        self.client: BlockingKernelClient

    def __enter__(self) -> Self:
        self._manager.start_kernel(
            env=self._variables,
            cwd=str(self.work),
            stdout=self._log,
            stderr=self._log,
            extra_arguments=["--log-level=40"],
        )
        self.client = self._manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=LIMIT)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.stop_channels()
        self._manager.shutdown_kernel()
        self._log.close()

    def interrupt(self) -> None:
        """Press the stop button; from any thread, which the manager's own way does not allow."""
        os.kill(self._manager.provisioner.pid, signal.SIGINT)

    def send(self, kind: str, content: dict[str, Any], metadata: dict[str, Any] | None = None) -> str:
        """Send a message as a front end does; return its id."""
        message = self.client.session.msg(kind, content, metadata=metadata or {})
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def run(  # noqa: PLR0913 - a front end says all of this with each cell
        self,
        code: str,
        *,
        silent: bool = False,
        store_history: bool = True,
        allow_stdin: bool = False,
        answers: Sequence[str] = (),
        cell_id: str | None = None,
        is_console: bool = False,
        expressions: dict[str, str] | None = None,
        hear: Callable[[Message], Any] = lambda _: None,
    ) -> Run:
        """Run a cell to its end.

        `answers` are typed at the prompts that it puts, one after the other. JupyterLab, where a
        person can be asked, gives every cell an id; nbclient and consoles give none. `hear` is
        handed every message as it comes.
        """
        if allow_stdin and not is_console:
            cell_id = cell_id or uuid4().hex
        content = {
            "code": code,
            "silent": silent,
            "store_history": store_history,
            "user_expressions": expressions or {},
            "allow_stdin": allow_stdin,
            "stop_on_error": False,
        }
        sent = self.send("execute_request", content, {"cellId": cell_id} if cell_id else None)
        return self._collect(sent, Run(), list(answers), hear)

    def _collect(self, sent: str, run: Run, answers: list[str], hear: Callable[[Message], Any]) -> Run:
        end = time.monotonic() + LIMIT
        while not any(_is_idle(message) for message in run.messages[-1:]):
            assert time.monotonic() < end, f"the cell has not ended: {run.texts}"
            self._answer(sent, run, answers)
            message = self.publish()
            if message is not None and message["parent_header"].get("msg_id") == sent:
                run.messages.append(message)
                hear(message)
        while not run.reply:
            reply = self.client.get_shell_msg(timeout=LIMIT)
            if reply["parent_header"].get("msg_id") == sent:
                run.reply = reply["content"]
        assert answers == []
        return run

    def _answer(self, sent: str, run: Run, answers: list[str]) -> None:
        if not self.client.stdin_channel.msg_ready():
            return
        request = self.client.get_stdin_msg(timeout=LIMIT)
        assert request["parent_header"]["msg_id"] == sent
        run.asked.append((request["content"]["prompt"], request["content"]["password"]))
        self.client.input(answers.pop(0))

    def publish(self) -> Message | None:
        """Return the next message on iopub, if one comes soon."""
        try:
            message = self.client.get_iopub_msg(timeout=POLL)
        except Empty:
            return None
        self.published.append(message)
        return message

    def ask(self, expression: str) -> Any:
        """Return the value of an expression, unseen by hooks and history."""
        run = self.run("", silent=True, expressions={"it": f"__import__('json').dumps({expression})"})
        it = run.reply["user_expressions"]["it"]
        assert it["status"] == "ok", it
        return json.loads(ast.literal_eval(it["data"]["text/plain"]))

    def do(self, code: str) -> None:
        """Run something that has to work, unseen by hooks and history."""
        run = self.run(code, silent=True)
        assert run.status == "ok", run.texts

    def wait_until(self, expression: str) -> None:
        """Wait until an expression is true in the kernel."""
        end = time.monotonic() + LIMIT
        while not self.ask(f"bool({expression})"):
            assert time.monotonic() < end, f"never true: {expression}"

    def set_environment(self, **variables: str) -> None:
        """Set variables of the kernel's process environment."""
        self.do(f"import os as _os; _os.environ.update({variables!r})")


def _is_idle(message: Message) -> bool:
    return message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"
