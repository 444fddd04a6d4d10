"""What several test folders share: servers, a user with secrets, kernels, and a search for leaks."""
