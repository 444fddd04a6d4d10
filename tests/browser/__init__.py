"""The login form in JupyterLab and Notebook 7, driven in a real Chromium."""
