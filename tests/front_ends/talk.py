"""Runs cells in a kernel as a front end sends them, and prints what came of it.

A script, for other venvs: ``talk.py KERNEL LAB|CLIENT PASSWORD CELL...``. ``KERNEL`` is the name of a kernel,
or the module that is one. As ``LAB`` cells have ids, as ``CLIENT`` they are what jupyter-client's consoles
send; each question is answered by the password, or, with ``-`` as the password, none is allowed.
"""

import sys
import time
import uuid

from jupyter_client import BlockingKernelClient, KernelManager

LIMIT = 60


def main(kernel: str, kind: str, password: str, *cells: str) -> None:
    """Run cells until one fails."""
    manager = KernelManager()
    if "." in kernel:
        manager.kernel_spec.argv = [sys.executable, "-m", kernel, "-f", "{connection_file}"]
    else:
        manager.kernel_name = kernel
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=LIMIT)
        for cell in cells:
            status = run(client, kind, password, cell)
            print("status:", status)
            if status != "ok":
                break
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client: BlockingKernelClient, kind: str, password: str, cell: str) -> str:
    """Run a cell, and print what it shows."""
    content = {
        "code": cell,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": password != "-",
        "stop_on_error": True,
    }
    message = client.session.msg("execute_request", content)
    if kind == "LAB":
        message["metadata"] = {"cellId": uuid.uuid4().hex}
        message["header"] |= {"msg_id": str(uuid.uuid4()), "username": ""}
        message["msg_id"] = message["header"]["msg_id"]
    client.shell_channel.send(message)
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        if client.stdin_channel.msg_ready():
            print("asked:", client.get_stdin_msg(timeout=1)["content"]["prompt"])
            client.input(password)
        if client.iopub_channel.msg_ready():
            show(client.get_iopub_msg(timeout=1), message["msg_id"])
        if client.shell_channel.msg_ready():
            reply = client.get_shell_msg(timeout=1)
            if reply["parent_header"].get("msg_id") == message["msg_id"]:
                time.sleep(0.3)  # what was published last may come after the reply
                while client.iopub_channel.msg_ready():
                    show(client.get_iopub_msg(timeout=1), message["msg_id"])
                return str(reply["content"]["status"])
        time.sleep(0.01)
    return "it waits for ever"


def show(message: dict, sent: str) -> None:
    """Print what a message shows."""
    content = message["content"]
    if message["parent_header"].get("msg_id") != sent:
        return
    if message["msg_type"] == "error":
        print("\n".join(content["traceback"]))
    data = content.get("data", {}) if "execution" not in message["msg_type"] else {}
    if "application/vnd.jupyter.widget-view+json" in data:
        print("a form is shown")
    print(
        content.get("text") or (data.get("text/plain", "") if "execution" not in message["msg_type"] else "")
    )


main(*sys.argv[1:])
