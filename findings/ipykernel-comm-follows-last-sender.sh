#!/usr/bin/env bash
# ipykernel 7.4.0 (comm 0.2.3, jupyter-client 8.10.0)
#
# A front end's message to a comm, a click on a widget's button say, names no subshell. ipykernel 7 hands it
# to the subshell that was the last to send anything on that comm. So once a cell of a subshell has touched
# a widget, its callbacks leave the main thread, and run while the main shell is busy; after the next touch
# from the main shell they wait for its cell again.
#
# Output seen:
#   made in the main shell: handled on the main thread
#   after a send in a subshell: handled on another thread
#   the same, the main shell busy: handled on another thread
#   after a send in the main shell: handled on the main thread
#   the same, the main shell busy: not handled yet
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check \
    ipykernel==7.4.0 jupyter-client==8.10.0 comm==0.2.3
export HOME="$folder" IPYTHONDIR="$folder" JUPYTER_CONFIG_DIR="$folder" JUPYTER_RUNTIME_DIR="$folder"
export JUPYTER_DATA_DIR="$folder/data" PATH="$folder/venv/bin:$PATH"
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import time

from jupyter_client.manager import start_new_kernel

MAKE = """
import comm, pathlib, threading, time

seen = []

def note(message):
    is_main = threading.current_thread() is threading.main_thread()
    seen.append("on the main thread" if is_main else "on another thread")

channel = comm.create_comm(target_name="a widget's, say")
channel.on_msg(note)
print(channel.comm_id)
"""
BUSY = "while not pathlib.Path('done').exists(): time.sleep(0.05)"
manager, client = start_new_kernel(kernel_name="python3", extra_arguments=["--log-level=ERROR"])


def begin(source, subshell=None):
    content = {"code": source, "silent": False, "store_history": False, "user_expressions": {}}
    message = client.session.msg("execute_request", content | {"allow_stdin": False, "stop_on_error": True})
    if subshell:
        message["header"]["subshell_id"] = subshell
    client.shell_channel.send(message)
    return message["header"]["msg_id"]


def end(request):
    """Return what a cell has printed."""
    text = ""
    while True:
        message = client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") == request:
            assert message["msg_type"] != "error", message["content"]
            text += message["content"].get("text", "")
            if message["content"].get("execution_state") == "idle":
                return text.strip()


def handled(subshell):
    """Send to the comm as a front end does; return where that was handled within some seconds."""
    before = int(end(begin("print(len(seen))", subshell)))
    client.shell_channel.send(client.session.msg("comm_msg", {"comm_id": comm_id, "data": {}}))
    for _ in range(20):
        time.sleep(0.1)
        now = end(begin(f"print(*seen[{before}:])", subshell))
        if now:
            return f"handled {now}"
    return "not handled yet"


def tell(name, *, is_busy=False):
    request = begin(BUSY) if is_busy else None
    outcome = handled(subshell)
    if request:
        end(begin("pathlib.Path('done').touch()", subshell))
        time.sleep(1)
        end(begin("pathlib.Path('done').unlink()"))
    print(f"{name}: {outcome}")
    return outcome


client.control_channel.send(client.session.msg("create_subshell_request", {}))
subshell = client.control_channel.get_msg(timeout=60)["content"]["subshell_id"]
comm_id = end(begin(MAKE))
try:
    assert "handled on the main thread" == tell("made in the main shell")
    end(begin("channel.send({})", subshell))
    assert "handled on another thread" == tell("after a send in a subshell")
    assert "handled on another thread" == tell("the same, the main shell busy", is_busy=True)
    end(begin("channel.send({})"))
    assert "handled on the main thread" == tell("after a send in the main shell")
    assert "not handled yet" == tell("the same, the main shell busy", is_busy=True)
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
PY
