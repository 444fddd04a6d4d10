"""A script idles through the lives of its tokens, a function answers two factors, and then comes an order."""

import subprocess
import sys

from etna_magic.sandbox import Sandbox
from tests.helpers.environment import clear_environment

LIFETIME, LIVES = 2.0, 5
SCRIPT = f"""
import time
import etna_magic

asked, got = [], []
for event in ("renewed", "renewal_failed", "stale"):
    etna_magic.on(event, got.append)

def code():
    asked.append(1)
    return "246810"

with etna_magic.connect(code=code, auto_renew=True, lifetime={LIFETIME}, no_input=True) as session:
    end = time.monotonic() + 60
    while len(got) < {LIVES} and time.monotonic() < end:
        time.sleep(0.01)
    account = next(session.pages("v1.0/users/@me/accounts"))["Id"]
    order = {{"Symbol": "AAPL", "Type": "Limit", "Side": "Buy", "Quantity": 10, "Price": 180}}
    print(session.post(f"v1.0/accounts/{{account}}/orders", json=order).status_code)
    print({{event.event for event in got}}, len(asked) - len(got))
"""


def test_five_lives(monkeypatch, tmp_path) -> None:
    """The tokens are renewed one after the other, with one login a life, and no call fails."""
    clear_environment(monkeypatch)
    monkeypatch.chdir(tmp_path)
    with Sandbox(lifetime=LIFETIME, login_limit=None, call_limits=False) as sandbox:
        monkeypatch.setenv("ETNA_BASE_URL", sandbox.base_url)
        monkeypatch.setenv("ETNA_APP_KEY", sandbox.app_key)
        monkeypatch.setenv("ETNA_USERNAME", "twofactor")
        monkeypatch.setenv("ETNA_PASSWORD", sandbox.password_of("twofactor"))
        done = subprocess.run([sys.executable, "-c", SCRIPT], check=False, capture_output=True, text=True)
        assert ("200\n{'renewed'} 1\n", "") == (done.stdout, done.stderr)
        assert [] == [seen.status for seen in sandbox.seen if seen.status >= 400]
        # Two steps each, and one a life: the first login, and a renewal for each of the lives.
        assert 2 * (1 + LIVES) <= sandbox.token_requests <= 2 * (2 + LIVES)
