"""What several test folders share: servers of our own, people with secrets, and a search for leaks."""
