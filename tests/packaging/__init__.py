"""The built wheels and sdists: what is in them, and whether they do what the README says."""
