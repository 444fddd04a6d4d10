"""The magics in a real terminal, typed at by a person that pexpect plays."""
