"""What etna_magic costs, as medians of paired runs; started by ``make bench``."""
