"""The logins of a process: made, kept under their names, and renewed; no IPython is needed for any of it.

``login_command`` is the one way to a login, whoever asks for it: the magics, ``await etna_magic.login()``,
each ``renewal``, and ``script_login``, which is ``etna_magic.connect()``. They are not re-exported, since
``%load_ext etna_magic`` needs the registry alone, and must cost nothing.
"""

from etna_magic.logins.registry import Login, LoginRegistry, NotebookSettings, WaitingForm

__all__ = ["Login", "LoginRegistry", "NotebookSettings", "WaitingForm"]
