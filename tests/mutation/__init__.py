"""Changes the core in many small ways, and counts how many of these the quick tests notice."""
