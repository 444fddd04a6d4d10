"""What runs in IPython: the magics, their settings, the logins of a kernel, and the warnings about tokens.

Nothing is imported here: ``%load_ext etna_magic`` needs ``magics``, ``registry`` and ``watcher`` alone,
and each of these imports what it needs when it is needed. Other modules import from the files:

- ``magics``: ``EtnaMagics``, its settings, how it is registered and unregistered
- ``registry``: ``LoginRegistry``, ``Login``, ``NotebookSettings``
- ``watcher``, ``notices``, ``cell_usage``: before and after each cell
- ``arguments``, ``commands``, ``login_command``: the line behind a magic, and what it does
- ``refresh``: how a token is replaced by itself
- ``async_login``: ``await etna_magic.login()``
"""
