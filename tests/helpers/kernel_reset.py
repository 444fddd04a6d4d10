"""What is run inside a kernel to make it as new, and to let time pass; sent there as text."""

# One function each, so that nothing of it stays among the user's variables.
RESET = """
def _reset():
    import os
    from etna_magic import callbacks
    shell = get_ipython()
    shell.config.pop("EtnaMagics", None)  # what %%config has set, and a reload would read again
    if "etna_magic" not in shell.extension_manager.loaded:
        shell.run_line_magic("load_ext", "etna_magic")
    magics = shell.magics_manager.registry["EtnaMagics"]
    shell.run_line_magic("etna_logout", "--all")
    callbacks.clear()
    magics.registry.learned.clear()
    magics.registry.taught.clear()
    for name, trait in magics.traits(config=True).items():
        setattr(magics, name, trait.default_value)
    for name in [name for name in os.environ if name.startswith(("ETNA_", "XDG_STATE_"))]:
        del os.environ[name]
    shell.InteractiveTB.set_mode("Context")
    shell.reset(new_session=False)
    os.chdir(%r)
_reset()
"""

# The same login with a token that was issued earlier, as far as the client can tell.
AGE = """
def _age(name, seconds_left, lifetime):
    import time
    from datetime import timedelta
    from etna_magic import Secret, Token
    registry = get_ipython().magics_manager.registry["EtnaMagics"].registry
    login = registry.get(name)
    old, back = login.token, lifetime - seconds_left
    token = Token(
        Secret(old.get_secret_value()), app_key=old.app_key(), username=old.username, base_url=old.base_url,
        lifetime=timedelta(seconds=lifetime), issued=(time.time() - back, time.monotonic() - back),
    )
    # Whoever lets a token age sees to what comes of it, before the timer does.
    login.session.holder.use_timer(is_used=False)
    # Not by put(): a server that hands out the same text again keeps the first issue time.
    login.session.holder.put(token)
    login.tokens.add(token)
    login.warned = set()
    registry.namespace[f"{name}_token"] = token
    registry.prepare(login)
_age(%r, %r, %r)
del _age
"""

#: The user's own variables.
NAMES = "sorted(name for name in globals() if not name.startswith('_') and name not in _hidden)"
NAMES = NAMES.replace("_hidden", "get_ipython().user_ns_hidden")
