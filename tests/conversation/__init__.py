"""The conversation with `/token`, over real HTTP on loopback."""
