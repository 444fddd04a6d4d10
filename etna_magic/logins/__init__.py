"""The logins of a process: made, kept under their names, and renewed; no IPython is needed for any of it.

``login_command`` is the one way to a login, whoever asks for it: the magics, ``await etna_magic.login()``
and each ``renewal``. It is not re-exported, and neither is what it imports: ``%load_ext etna_magic`` needs
the registry alone, and must cost nothing.
"""

from etna_magic.logins.registry import Login, LoginRegistry, NotebookSettings, WaitingForm

__all__ = ["Login", "LoginRegistry", "NotebookSettings", "WaitingForm"]
