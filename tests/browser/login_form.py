"""The login form below a cell, as a person sees and uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.notebook_page import NotebookPage


class LoginForm:
    """Fields by their label, buttons by their text, and the message line.

    Parameters
    ----------
    notebook
        The open notebook.
    index
        The cell that shows the form.
    """

    def __init__(self, notebook: NotebookPage, index: int) -> None:
        self.notebook = notebook
        self.box = notebook.output(index).locator(".etna-login")
        self.keyboard = notebook.page.keyboard

    def field(self, label: str) -> Locator:
        """Return the input that a label describes."""
        return self.box.get_by_label(label, exact=True)

    def labels(self) -> list[str]:
        """Return the labels of the fields that are shown, from top to bottom."""
        shown = self.box.locator(".widget-text:visible .widget-label").all_inner_texts()
        return [text.strip() for text in shown]

    def kind(self, label: str) -> str | None:
        """Return a field's type: ``text``, or ``password`` where what is typed is unseen."""
        return self.field(label).get_attribute("type")

    def button(self, text: str) -> Locator:
        """Return the button of this text."""
        return self.box.get_by_role("button", name=text, exact=True)

    def wait_for(self, label: str) -> None:
        """Wait until a field is there and can be written to."""
        expect(self.field(label)).to_be_editable()

    def wait_for_error(self, text: str) -> None:
        """Wait until the form shows an error with this text and takes input again."""
        expect(self.box.locator(".etna-error")).to_contain_text(text)
        self.notebook.wait_until_idle()

    def type(self, label: str, text: str) -> None:
        """Type into a field, key by key, in place of what it held."""
        self.field(label).click()
        self.keyboard.press("Control+A")
        self.keyboard.press("Delete")
        self.keyboard.type(text, delay=5)

    def press(self, key: str) -> None:
        """Press a key in the field that has the focus."""
        self.keyboard.press(key)

    def wait_until_gone(self) -> None:
        """Wait until nothing of the form is left."""
        expect(self.box).to_have_count(0)
