"""What pytest leaves alone here: scripts for other venvs, whose imports this one may not have."""

collect_ignore = ["app.py", "engines.py", "qt_console.py", "run.py", "talk.py"]
