"""What can be copied, and how it reaches the user's clipboard."""
