"""The magics in real kernels, over the same protocol that every front end speaks."""
