"""The tutorial notebooks, run as a reader runs them, and runners that nobody can answer."""
