"""The conversation with the server over real HTTP on loopback, also where servers and networks misbehave."""
