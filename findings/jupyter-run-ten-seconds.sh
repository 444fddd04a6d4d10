#!/usr/bin/env bash
# jupyter-client 8.10.0 (ipykernel 7.4.0)
#
# `jupyter run FILE` gives up on a file after ten seconds, however much it has printed meanwhile, and the
# kernel is ended with it. No option changes that: kernel_timeout is about the start. And it tells the kernel
# that questions are welcome, but an input() in the file ends in a TypeError of its own.
#
# Output seen:
#   6 seconds: exit 0, done True
#   12 seconds, with kernel_timeout=60: exit 1, done False, TimeoutError: Timeout waiting for output
#   a question: exit 1, done False, TypeError: object bool can't be used in 'await' expression
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check jupyter-client==8.10.0 ipykernel==7.4.0
export HOME="$folder" IPYTHONDIR="$folder" JUPYTER_CONFIG_DIR="$folder" JUPYTER_RUNTIME_DIR="$folder"
export JUPYTER_DATA_DIR="$folder/data" PATH="$folder/venv/bin:$PATH"
cd "$folder"
cat > ticks.template <<'PY'
import time

for _ in range(SECONDS):
    time.sleep(1)
    print("tick", flush=True)
print("do" + "ne", flush=True)
PY
sed 's/SECONDS/6/' ticks.template > six.py
sed 's/SECONDS/12/' ticks.template > twelve.py
printf 'print("do" + "ne" if input("Who? ") else "")\n' > question.py

seen=""
run() { # NAME ARGUMENT... ; answers a question, and prints how it ended
    local name=$1 code=0 is_done=False error
    shift
    printf 'alice\n' | timeout 60 jupyter run "$@" > out.txt 2>&1 || code=$?
    ! grep -q '^done' out.txt || is_done=True
    error=$(grep -E -m 1 '^(TimeoutError|TypeError): ' out.txt || true)
    echo "$name exit $code, done $is_done${error:+, $error}"
    seen="$seen$code $is_done ${error%%:*};"
}
run "6 seconds:" six.py
run "12 seconds, with kernel_timeout=60:" --RunApp.kernel_timeout=60 twelve.py
run "a question:" question.py
test "$seen" = "0 True ;1 False TimeoutError;1 False TypeError;"
