"""What a person sees who opens a saved notebook without its kernel, before and after a login."""

from __future__ import annotations

import json

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.notebook_page import LOAD_LIMIT

BOTH = pytest.mark.parametrize("flavour", ["lab", "notebook"])
UNFINISHED = "The login form of etna, which was not finished."
VIEW = "application/vnd.jupyter.widget-view+json"


def saved_output(form):
    """Save, and return what the file has as the output of the login's cell."""
    (output,) = nbformat.reads(form.notebook.save(), nbformat.NO_CONVERT).cells[1].outputs
    return output.data


def open_elsewhere(form):
    """Open what was saved as a person does who got it from somebody else; return the login's output there."""
    notebook, page = form.notebook, form.notebook.page.context.new_page()
    shared = json.loads(notebook.file.read_text())
    shared["cells"][0]["source"] = "# shared"  # what others have made is not trusted
    shared["metadata"].pop("kernelspec", None)
    path = notebook.file.with_name("shared-" + notebook.file.name)
    path.write_text(json.dumps(shared))
    page.goto(notebook.server.page_url(path), wait_until="domcontentloaded")
    output = page.locator(".jp-Notebook .jp-CodeCell").nth(1).locator(".jp-Cell-outputArea")
    expect(output).to_be_visible(timeout=LOAD_LIMIT)
    return page, output


@BOTH
def test_before_and_after_a_login(flavour, sandbox, show_form):
    """Before, that it was not finished; after, who is logged in; no form and no talk of widgets in either."""
    form = show_form(flavour, f"%etna_login -b {sandbox.base_url} -u demo", app_key=sandbox.app_key)
    assert (UNFINISHED, True) == (saved_output(form)["text/plain"], VIEW in saved_output(form))
    page, output = open_elsewhere(form)
    expect(output).to_have_text(UNFINISHED)
    page.close()
    form.type("Password", sandbox.password_of("demo"))
    form.press("Enter")
    form.wait_until_gone()
    form.notebook.wait_for_output(1, "Logged in as demo")
    line = form.notebook.output_text(1)
    assert (line, False) == (saved_output(form)["text/plain"], VIEW in saved_output(form))
    page, output = open_elsewhere(form)
    expect(output).to_have_text(line)
    page.close()
