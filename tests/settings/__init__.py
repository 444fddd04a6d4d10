"""What a login needs: where each value comes from, what is missing, and the embedded sandbox as a source."""
