"""`--remember`: the cache of tokens in files and in the system's keyring, without a kernel."""
