"""The values that travel through the package, and how they are read, shown and refused."""
