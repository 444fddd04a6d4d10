"""A session, a token and a login beside the libraries that people use with requests."""
