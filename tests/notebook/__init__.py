"""The notebook part: magics, arguments, commands and warnings, in this process and without a kernel."""
