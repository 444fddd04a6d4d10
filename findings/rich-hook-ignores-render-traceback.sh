#!/usr/bin/env bash
# rich 15.0.0, ipython 9.18.1
#
# IPython shows an exception by its method _render_traceback_, if it has one; libraries use that to keep an
# error to one line. After rich.traceback.install() IPython still calls the method, and what it returns is
# thrown away: the frames are back, with every local variable where show_locals is set.
#
# Output seen:
#   IPython alone: "Short: one line", the method was called 1 times
#   after install(): its line is shown: False, the function's frame: True, the method was called 1 times
#   with show_locals: the local variable is shown: True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check rich==15.0.0 ipython==9.18.1
export HOME="$folder" IPYTHONDIR="$folder"
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import contextlib
import io

from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.run_cell("""
asked = []

class Short(Exception):
    def _render_traceback_(self):
        asked.append(self)
        return ["Short: one line"]

def work():
    account = "7" * 3
    raise Short("the message")
""")


def shown(source):
    """Return what a cell shows, and how often the method was called."""
    shell.user_ns["asked"].clear()
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        shell.run_cell(source)
    return text.getvalue(), len(shell.user_ns["asked"])


text, called = shown("work()")
print(f'IPython alone: "{text.strip()}", the method was called {called} times')
assert (text.strip(), called) == ("Short: one line", 1)

shown("import rich.traceback; rich.traceback.install()")
text, called = shown("work()")
own, frame = "Short: one line" in text, "in work:" in text
print(f"after install(): its line is shown: {own}, the function's frame: {frame}, ", end="")
print(f"the method was called {called} times")
assert (own, frame, called) == (False, True, 1)

shown("rich.traceback.install(show_locals=True)")
text, _ = shown("work()")
print(f"with show_locals: the local variable is shown: {'777' in text}")
assert "777" in text
PY
