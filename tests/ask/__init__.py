"""Asking a user at a form or a prompt, or nobody."""
