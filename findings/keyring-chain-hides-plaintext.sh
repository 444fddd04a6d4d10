#!/usr/bin/env bash
# keyring 25.7.0, keyrings.alt 5.0.2
#
# Where no keyring of a system is there, keyring.get_keyring() is whatever else was installed. PlaintextKeyring
# says by its priority, 0.5, that it is not recommended, and writes base64 into a file. With a second backend of
# that package the library makes a chain, whose priority is 10: by the priority of what get_keyring() returns
# the two cannot be told from the keyring of a desktop.
#
# Output seen:
#   one backend:  PlaintextKeyring, priority 0.5
#   in the file:  "hunter2" in base64
#   two backends: ChainerBackend, priority 10, of EncryptedKeyring 0.6, PlaintextKeyring 0.5
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip() { "$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check "$@"; }
# Without a bus and a desktop, wherever this is run.
run() {
    env -i PATH="$PATH" HOME="$folder" XDG_DATA_HOME="$folder/data" XDG_CONFIG_HOME="$folder/config" \
        "$folder/venv/bin/python" -
}
pip keyring==25.7.0 keyrings.alt==5.0.2
run <<'PY'
import base64
import pathlib

import keyring

backend = keyring.get_keyring()
print(f"one backend:  {type(backend).__name__}, priority {backend.priority}")
assert (type(backend).__name__, backend.priority) == ("PlaintextKeyring", 0.5)
keyring.set_password("service", "alice", "hunter2")
kept = pathlib.Path(backend.file_path).read_text()
assert base64.b64encode(b"hunter2").decode() in kept
print('in the file:  "hunter2" in base64')
PY
pip pycryptodome
run <<'PY'
import keyring

backend = keyring.get_keyring()
parts = [(type(one).__name__, one.priority) for one in backend.backends]
print(f"two backends: {type(backend).__name__}, priority {backend.priority}, of", end=" ")
print(", ".join(f"{name} {priority}" for name, priority in parts))
assert (type(backend).__name__, backend.priority) == ("ChainerBackend", 10)
assert parts == [("EncryptedKeyring", 0.6), ("PlaintextKeyring", 0.5)]
PY
