"""What was seen last, on disk."""
