"""The built wheel and sdist: what is in them, and whether they do what the README says."""
