"""A line as text and as HTML, escaped, and how it gets into the cell that is running."""

from __future__ import annotations

#: What can be displayed, by MIME type.
Bundle = dict[str, str]

# JupyterLab's variables follow its theme; the second value serves front ends that have none.
INK = "var(--jp-ui-font-color1, inherit)"
_COLOURS = {
    "etna-note": "var(--jp-border-color1, #bdbdbd)",
    "etna-line": "var(--jp-success-color1, #388e3c)",
    "etna-warning": "var(--jp-warn-color1, #f57c00)",
    "etna-error": "var(--jp-error-color1, #d32f2f)",
}
# As html.escape() does it, whose module brings a table of all entities along: a tenth of a first login.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})


def escape(text: str) -> str:
    """Return a text as it is written in HTML."""
    return text.translate(_ESCAPES)


def line(text: str, css: str = "etna-line") -> Bundle:
    """Return one line as text and as HTML.

    Parameters
    ----------
    text : str
        The line; it is escaped here. A login hint at its end is set as code.
    css : str, optional
        ``etna-line``, ``etna-note``, ``etna-warning`` or ``etna-error``.

    Returns
    -------
    dict of str to str
        By MIME type, for :func:`show`.

    Examples
    --------
    >>> line("etna: <b>")["text/plain"]
    'etna: <b>'
    >>> "etna: &lt;b&gt;" in line("etna: <b>")["text/html"]
    True
    """
    style = (
        f"border-left: 4px solid {_COLOURS[css]}; padding: 2px 0 2px 10px; margin: 2px 0; color: {INK}; "
        "font-family: var(--jp-ui-font-family, sans-serif); font-size: var(--jp-ui-font-size1, 13px); "
        "line-height: 1.5"
    )
    before, hint, name = text.rpartition("%etna_login")
    html = escape(text)
    if hint and (not name or (name[0] == " " and name[1:].isidentifier())):
        html = f'{escape(before)}<code style="white-space: nowrap">{escape(hint + name)}</code>'
    return {"text/plain": text, "text/html": f'<div class="{css}" style="{style}">{html}</div>'}


def show(bundle: Bundle) -> None:
    """Display something in the cell that is running; the front end takes the form that it can show.

    Parameters
    ----------
    bundle : dict of str to str
        By MIME type, as :func:`line` returns it.
    """
    from IPython.display import display  # noqa: PLC0415 - the sentences are good without IPython

    display(bundle, raw=True)
