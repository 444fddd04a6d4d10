#!/usr/bin/env bash
# nbformat 5.11.1, jsonschema 4.26.0, with jupyter-events 0.12.1, rfc3987-syntax 1.1.0, lark 1.3.1
#
# Where Jupyter Server is installed, "import nbformat" takes several times as long: jupyter-events asks for
# jsonschema with its formats, which brings rfc3987-syntax, and that builds a parser for all of RFC 3987 by
# lark when it is imported. nbformat imports jsonschema, and jsonschema that, whether a format is checked or
# not. So does whatever reads a notebook: nbclient, nbconvert, papermill.
#
# Output seen:
#   nbformat alone: lark is imported False
#   beside jupyter-events: lark is imported True, more than 3 times the processor time: True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
install() { "$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check "$@"; }
measured() { # whether lark is imported, and the milliseconds of processor time; the first run only compiles
    local code='import time, nbformat, sys; print("lark" in sys.modules, round(time.process_time() * 1000))'
    "$folder/venv/bin/python" -c "$code" >/dev/null
    "$folder/venv/bin/python" -c "$code"
}
install nbformat==5.11.1 jsonschema==4.26.0
read -r alone alone_ms <<<"$(measured)"
echo "nbformat alone: lark is imported $alone"
install jupyter-events==0.12.1 rfc3987-syntax==1.1.0 lark==1.3.1 jsonschema==4.26.0
read -r beside beside_ms <<<"$(measured)"
is_longer=$([ "$beside_ms" -gt $((3 * alone_ms)) ] && echo True || echo False)
echo "beside jupyter-events: lark is imported $beside, more than 3 times the processor time: $is_longer"
test "$alone $beside $is_longer" = "False True True"
