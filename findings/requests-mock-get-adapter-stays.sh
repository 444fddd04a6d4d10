#!/usr/bin/env bash
# requests-mock 1.12.1 (requests 2.34.2)
#
# Mocker() does not restore a session that was used inside of it: it leaves the base class's get_adapter on
# the object, in place of whatever the session's own class defines. A subclass's get_adapter is never called
# on that session again, while a session that was not used in the block is as before.
#
# Output seen:
#   unused session: own get_adapter called 1 times, on the object: False
#   used session:   own get_adapter called 0 times, on the object: True
#   put back by del session.get_adapter: called 1 times
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check requests-mock==1.12.1 requests==2.34.2
"$folder/venv/bin/python" - <<'PY'
import requests
import requests_mock

URL = "http://example.invalid/"
calls = []


class Mine(requests.Session):
    def get_adapter(self, url):
        calls.append(url)
        return super().get_adapter(url)


def called(session):
    """Return how often the class's own method runs when the session is asked for an adapter."""
    calls.clear()
    session.get_adapter(url=URL)
    return len(calls)


used, unused = Mine(), Mine()
with requests_mock.Mocker() as mocker:
    mocker.get(URL, text="mocked")
    assert used.get(URL).text == "mocked"

seen = [(called(one), "get_adapter" in vars(one)) for one in (unused, used)]
print("unused session: own get_adapter called {} times, on the object: {}".format(*seen[0]))
print("used session:   own get_adapter called {} times, on the object: {}".format(*seen[1]))
assert seen == [(1, False), (0, True)]
assert used.get_adapter.__func__ is requests.Session.get_adapter

del used.get_adapter
again = called(used)
print(f"put back by del session.get_adapter: called {again} times")
assert again == 1
PY
