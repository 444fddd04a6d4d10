"""The tests of etna_magic; `make test` runs them."""
