"""Servers, networks and URLs that misbehave."""
