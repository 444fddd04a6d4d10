"""Tests of the loopback ETNA, over real HTTP."""
