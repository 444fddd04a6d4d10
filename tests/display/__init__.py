"""What a user sees: sentences, HTML, and the status table."""
