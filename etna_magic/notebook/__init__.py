"""What runs in IPython: the magics, their settings, and the warnings about tokens.

Nothing is imported here: ``%load_ext etna_magic`` needs ``magics`` and ``watcher`` alone, beside the registry
in ``logins``, and each of these imports what it needs when it is needed. Other modules import from the files:

- ``magics``: ``EtnaMagics``, its settings, how it is registered and unregistered
- ``watcher``, ``notices``, ``cell_usage``: before and after each cell
- ``arguments``, ``commands``: the line behind a magic, and what it does
- ``async_login``: ``await etna_magic.login()``
"""
