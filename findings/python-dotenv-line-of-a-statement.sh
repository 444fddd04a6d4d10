#!/usr/bin/env bash
# python-dotenv 1.2.4, and 1.0.0 as well
#
# The line that python-dotenv gives of a statement, in its parser and in the warning that it logs, is that of
# the first blank line before it. And a quote that is never closed takes a later line with it, if that one
# has a quote too: the variable there is missing, and the warning names only the first.
#
# Output seen:
#   A: line 1, and it is in line 3
#   python-dotenv could not parse statement starting at line 4 (it is in line 5)
#   the values: {'A': '1'}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
for release in 1.0.0 1.2.4; do
    "$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check "python-dotenv==$release"
    "$folder/venv/bin/python" - <<'PY'
import io
import logging

from dotenv import dotenv_values
from dotenv.parser import parse_stream

TEXT = "\n\nA=1\n\nB='it\nC='2'\n"
logged = []
logging.getLogger("dotenv.main").addHandler(handler := logging.Handler())
handler.emit = lambda record: logged.append(record.getMessage())
first = next(iter(parse_stream(io.StringIO(TEXT))))
print(f"{first.key}: line {first.original.line}, and it is in line 3")
values = dict(dotenv_values(stream=io.StringIO(TEXT)))
print(f"{logged[0]} (it is in line 5)\nthe values: {values}")
assert (1, {"A": "1"}) == (first.original.line, values)
assert logged[0].endswith("starting at line 4")
PY
done
