"""Runs cells in a Qt console without a screen.

A script, for its own venv: ``qt_console.py PASSWORD CELL...``.
"""

import os
import sys
import time

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qtconsole.manager import QtKernelManager
from qtconsole.rich_jupyter_widget import RichJupyterWidget
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QPlainTextEdit, QTextEdit

LIMIT = 60


def main(password: str, *cells: str) -> None:
    """Run each cell to its end, and print what the console shows."""
    app = QApplication([])
    manager = QtKernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    widget = RichJupyterWidget()
    widget.kernel_manager, widget.kernel_client = manager, client
    widget.show()
    ended: list[object] = []
    widget.executed.connect(ended.append)

    def text() -> str:
        pages = [*widget.findChildren(QTextEdit), *widget.findChildren(QPlainTextEdit)]
        return "\n".join(page.toPlainText() for page in pages)

    def wait_until(is_so) -> None:
        end = time.monotonic() + LIMIT
        while not is_so():
            assert time.monotonic() < end, text()
            app.processEvents()
            time.sleep(0.01)

    wait_until(lambda: "In [1]" in text())
    for cell in cells:
        count = len(ended)
        widget.execute(cell)
        question = "(a Qt console shows it):"
        wait_until(lambda: len(ended) > count or text().rstrip().endswith(question))  # noqa: B023
        if len(ended) == count:
            page = next(page for page in widget.findChildren(QTextEdit) if "In [1]" in page.toPlainText())
            QTest.keyClicks(page, password)
            QTest.keyClick(page, Qt.Key.Key_Return)
            wait_until(lambda: len(ended) > count)  # noqa: B023
    print(text())
    client.stop_channels()
    manager.shutdown_kernel(now=True)


main(*sys.argv[1:])
