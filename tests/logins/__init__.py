"""The logins of a process: the line that makes one, without IPython."""
