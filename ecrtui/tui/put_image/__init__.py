"""What the Put image form reads and shows."""
