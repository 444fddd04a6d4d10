"""Every front end that can run here, for real: what a login meets in each."""
