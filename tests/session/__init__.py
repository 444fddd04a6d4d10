"""`EtnaSession` against a server of our own."""
