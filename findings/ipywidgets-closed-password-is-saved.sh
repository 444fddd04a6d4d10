#!/usr/bin/env bash
# ipywidgets 8.1.9, nbclient 0.11.0 (ipykernel 7.4.0)
#
# A Password field that was never displayed, was closed and has no name left is still written into the
# notebook that nbclient has run, with its value in clear text: nbclient keeps the state of each widget from
# its first message on, and does not drop it when the widget is closed. Only a value that was emptied is gone.
#
# Output seen:
#   closed and deleted: in the widget state True, in outputs False
#   set to '' at the end: in the widget state False, in outputs False
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check \
    ipywidgets==8.1.9 nbclient==0.11.0 nbformat==5.11.1 ipykernel==7.4.0
export HOME="$folder" IPYTHONDIR="$folder" JUPYTER_CONFIG_DIR="$folder" JUPYTER_RUNTIME_DIR="$folder"
export JUPYTER_DATA_DIR="$folder/data"
cd "$folder"
PATH="$folder/venv/bin:$PATH" "$folder/venv/bin/python" -W ignore - <<'PY'
import json

import nbformat
from nbclient import NotebookClient

# Turned round in the source, so that what is found was not just the cell's text.
CLOSED, EMPTIED = "correct-horse", "battery-staple"
source = f"""
import ipywidgets
field = ipywidgets.Password(value={CLOSED[::-1]!r}[::-1])
field.close()
del field
other = ipywidgets.Password(value={EMPTIED[::-1]!r}[::-1])
other.value = ""
"""
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
quiet = ["--log-level=ERROR"]
NotebookClient(notebook, kernel_name="python3", timeout=60, extra_arguments=quiet).execute()
saved = json.loads(nbformat.writes(notebook))
state = json.dumps(saved["metadata"].get("widgets", {}))
outputs = json.dumps(saved["cells"][0]["outputs"])


def tell(name, secret):
    found = (secret in state, secret in outputs)
    print("{}: in the widget state {}, in outputs {}".format(name, *found))
    return found


assert (True, False) == tell("closed and deleted", CLOSED)
assert (False, False) == tell("set to '' at the end", EMPTIED)
PY
