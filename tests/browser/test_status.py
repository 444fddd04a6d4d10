"""`%etna_status` in a browser: at every width no word is broken and nothing has to be scrolled sideways."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

# Logins in every state; addresses as long as real ones, which are not asked.
LOGINS = """
import os, tempfile, time
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp()  # nothing is remembered of other tests
from datetime import timedelta
from types import SimpleNamespace
from etna_magic import NotLoggedInError, Secret, Token
from etna_magic.support import format_moment
registry = get_ipython().magics_manager.registry["EtnaMagics"].registry

def put(name, host, username, age, lifetime=24.0):
    issued = (time.time() - age * 3600, time.monotonic() - age * 3600)
    token = Token(
        Secret(f"dG9rZW4-{name}"), app_key=Secret("a2V5"), username=username, base_url=f"https://{host}/api",
        lifetime=timedelta(hours=lifetime), issued=issued,
    )
    return registry.put(name, token, None)

usual = dict(error=None, needs_person=False, renews=True, schedule="", seconds_left=lambda _: None)
demo = put("etna", "pub-api-et-demo-prod.etnasoft.us", "alice", 3.4)
demo.session.holder.refresher = SimpleNamespace(**usual)
demo.remembered = "/home/alice/.local/state/etna_magic/tokens"
live = put("firm", "api.trading.a-rather-long-name-of-a-broker.example.com", "alice@example.com", 23.9)
live.session.holder.read_only = True
old = put("old", "pub-api-et-demo-prod.etnasoft.us", "bob", 26)
failed = put("overnight", "api.example.com", "carol", 23.95)
why = "The server refused this user name and password."
times = [format_moment(old.token.expires_at + timedelta(minutes=minutes)) for minutes in (0, 15)]
schedule = "tried last at {}, next at {}".format(*times)
failed.session.holder.refresher = SimpleNamespace(
    **usual | dict(error=NotLoggedInError(why), renews=False, schedule=schedule)
)
put("refused", "api.example.com", "dave", 1).token.refuse()
get_ipython().run_line_magic("config", "EtnaMagics.warn = 'never'")
"""
# The pieces of each text between places where a line may be broken, that are on more than one line.
BROKEN = """status => {
    const walker = document.createTreeWalker(status, NodeFilter.SHOW_TEXT), broken = [];
    for (let node; (node = walker.nextNode());) {
        if (node.parentElement.tagName === 'STYLE') continue;
        for (const piece of node.data.matchAll(/[^\\s\\-\\/]+/g)) {
            const range = document.createRange();
            range.setStart(node, piece.index);
            range.setEnd(node, piece.index + piece[0].length);
            const tops = new Set([...range.getClientRects()].map(one => Math.round(one.top)));
            if (tops.size > 1) broken.push(piece[0]);
        }
    }
    return broken;
}"""
WIDER = """status => [status, ...status.querySelectorAll('*')]
    .filter(one => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline')
    .map(one => one.outerHTML)"""


# 1280 pixels at 200 % are 640, and at 400 % 320.
WIDTHS = (1000, 640, 320)


@pytest.mark.parametrize(
    ("flavour", "shade"), [("lab", "light"), ("lab", "dark"), ("notebook", "light"), ("notebook", "dark")]
)
def test_status_reads_well(flavour, shade, open_notebook):
    """Nothing is cut off or broken inside a word; what is stale says so; axe finds nothing to object to."""
    notebook = open_notebook(flavour, ["%load_ext etna_magic", LOGINS, "%etna_status"], shade)
    assert ["", ""] == [notebook.run(index) for index in (0, 1)]
    notebook.run(2)
    status = notebook.output(2).locator(".etna-status")
    expect(status.locator(".etna-card")).to_have_count(5)
    assert [True] * 2 == ["stale" in card for card in status.locator(".etna-stale").all_inner_texts()]
    if flavour == "lab":
        notebook.page.evaluate("window.jupyterapp.shell.collapseLeft()")
    for width in WIDTHS:
        notebook.is_as_it_was = False
        notebook.page.set_viewport_size({"width": width, "height": 2200 if width < 400 else 1000})
        notebook.screenshot(f"status-{width}", 2, shade)
        assert ([], []) == (status.evaluate(BROKEN), status.evaluate(WIDER)), width
    found = Axe().run(notebook.page, context=".etna-status").response["violations"]
    assert [] == [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
