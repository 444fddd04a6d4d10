"""What is run inside a kernel to make it as new; sent there as text."""

# One function, so that nothing of it stays among the user's variables. The first argument is the
# working directory, the second says whether the settings go back to their defaults as well.
AS_NEW = """
def _as_new(folder, whole):
    import os
    shell = get_ipython()
    if "etna_magic" not in shell.extension_manager.loaded:
        shell.run_line_magic("load_ext", "etna_magic")
    magics = shell.magics_manager.registry["EtnaMagics"]
    for login in magics.logins:
        if login.form is not None:
            login.form.call_off("reset by a test")
        magics.logins.drop(login, "ended with its kernel")
    os.chdir(folder)
    if whole:
        for name in ("warn", "warn_before", "lifetime", "timeout", "auto_renew"):
            setattr(magics, name, magics.traits()[name].default_value)
        for name in [name for name in os.environ if name.startswith("ETNA_")]:
            del os.environ[name]
    shell.reset(new_session=False)
_as_new(%r, %r)
"""
