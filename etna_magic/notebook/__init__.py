"""What runs in IPython: the magics, their settings, and the warnings about tokens.

Nothing is imported here: ``%load_ext etna_magic`` needs ``magics`` and ``watcher`` alone, beside the registry
in ``logins``, and each of these imports what it needs when it is needed. Other modules import from the files.
"""
