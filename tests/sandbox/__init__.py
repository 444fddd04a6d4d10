"""Tests of the sandbox over real HTTP, without the client. Asserts have the expected value first."""
