"""What becomes of a call: sent once or again, judged, renewed, paged, awaited."""
