"""An app of Panel, Solara or marimo: what it gets by the extension, by ``login()`` and by ``connect()``.

A file of its own, which those programs run; what it got is in ``seen.txt``.
"""

import asyncio
import threading

import etna_magic

lines = []


def try_out(name, act):
    """Note what comes of something."""
    try:
        lines.append(f"{name} | {act()}")
    except BaseException as error:
        lines.append(f"{name} | {type(error).__name__}: {error}")


def load():
    """Load the extension as a notebook does."""
    from IPython import get_ipython

    etna_magic.load_ipython_extension(get_ipython())
    return "loaded"


def log_in():
    """Await a login, in this thread where no loop runs in it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(etna_magic.login(quiet=True))
        return "Logged in as demo"
    thread = threading.Thread(target=lambda: try_out("login", log_in))
    thread.start()
    thread.join()
    return lines.pop().partition(" | ")[2]


def connect():
    """Get a session without IPython."""
    with etna_magic.connect() as session:
        return "a session" if session.token.username == "demo" else session


try_out("load", load)
try_out("login", log_in)
try_out("connect", connect)
with open("seen.txt", "w") as file:
    file.write("\n".join(lines) + "\n")

try:
    import solara
except ImportError:
    pass
else:

    @solara.component
    def Page():
        """Show what came of it."""
        return solara.Text("; ".join(lines))
