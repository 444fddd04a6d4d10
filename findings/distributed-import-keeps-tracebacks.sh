#!/usr/bin/env bash
# distributed 2026.8.0 (tblib 3.2.2)
#
# The mere import of distributed changes what a copy and a pickle of an exception are, in the whole process
# and for exceptions that have nothing to do with Dask: they now carry the traceback and the chain of
# causes, which plain Python leaves out.
#
# Output seen:
#   before the import: copy has traceback False, pickle has traceback False, cause False
#   after the import:  copy has traceback True, pickle has traceback True, cause True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check \
    distributed==2026.8.0 dask==2026.8.0 tblib==3.2.2
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
import copy
import pickle


def failed():
    try:
        try:
            {}["absent"]
        except KeyError as error:
            raise ValueError("no luck") from error
    except ValueError as error:
        return error


def tell(when):
    error = failed()
    copied, pickled = copy.copy(error), pickle.loads(pickle.dumps(error))
    found = [one is not None for one in (copied.__traceback__, pickled.__traceback__, pickled.__cause__)]
    print("{:<18} copy has traceback {}, pickle has traceback {}, cause {}".format(when, *found))
    return found


assert [False] * 3 == tell("before the import:")
import distributed

assert [True] * 3 == tell("after the import:")
PY
