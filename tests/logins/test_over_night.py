"""A script that runs over night: tokens that live for seconds, codes from a function, and nobody there."""

from pathlib import Path

from etna_magic.sandbox import Sandbox
from tests.helpers.script import WITHOUT_IPYTHON, run, variables

LIFE = 6.0
# A token is renewed a tenth of its life before its end.
RENEWED_AFTER = LIFE * 0.9
SCRIPT = f"""
import time
from pathlib import Path
import etna_magic

def newest_code():
    with Path("asked.log").open("a") as log:
        log.write("asked\\n")
    return Path("mailbox.txt").read_text()

began = time.monotonic()
with etna_magic.connect(auto_renew=True, code=newest_code, lifetime={LIFE}) as session:
    tokens = {{session.token.get_secret_value()}}
    time.sleep(5 * {LIFE})  # five lives in which nothing is called
    tokens.add(session.token.get_secret_value())
    account = next(session.pages("v1.0/users/@me/accounts"))["Id"]
    order = {{"Symbol": "AAPL", "Type": "Limit", "Side": "Buy", "Quantity": 1, "Price": 1}}
    placed = session.post(f"v1.0/accounts/{{account}}/orders", json=order)
    lived = time.monotonic() - began
print(placed.status_code, len(tokens), lived)
"""


def test_five_idle_lives_and_an_order(folder: Path) -> None:
    """One login a life, each with a code of the function's; no failed call, no warning, no IPython."""
    (folder / "mailbox.txt").write_text("246810\n")
    with Sandbox(lifetime=LIFE, login_limit=None) as sandbox:
        done = run(folder, WITHOUT_IPYTHON + SCRIPT, **variables(sandbox, "twofactor"))
        assert ("", 0) == (done.stderr, done.returncode)
        calls = [seen.status for seen in sandbox.seen if not seen.path.endswith("/token")]
        logins, rest = divmod(sandbox.token_requests, 2)  # the password, then the code
    status, tokens, lived = done.stdout.split()
    asked = (folder / "asked.log").read_text().splitlines()
    assert (True, "2", 0) == (status.startswith("20"), tokens, rest)
    assert [] == [status for status in calls if status >= 400]
    assert float(lived) // LIFE <= logins <= float(lived) // RENEWED_AFTER + 1
    assert logins == len(asked)


def test_a_renewal_that_fails_is_said(folder: Path) -> None:
    """Under cron nobody sees a cell: the reason goes to standard error, and no secret with it."""
    source = """
import os, time
import etna_magic
session = etna_magic.connect(auto_renew=True, lifetime=1)
failed = []
etna_magic.on("renewal_failed", failed.append)
os.environ["ETNA_PASSWORD"] = "last-years-Sesame"
end = time.monotonic() + 30
while not failed and time.monotonic() < end:
    time.sleep(0.05)
session.close()
"""
    with Sandbox(login_limit=None) as sandbox:
        done = run(folder, source, **variables(sandbox))
    assert ("", 0) == (done.stdout, done.returncode)
    assert done.stderr.startswith("etna: The token could not be renewed (tried last at ")
    assert (1, False) == (len(done.stderr.splitlines()), "Sesame" in done.stderr)
