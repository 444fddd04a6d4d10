"""`await etna_magic.login()`: a cell that waits for its person, and for nobody else."""
