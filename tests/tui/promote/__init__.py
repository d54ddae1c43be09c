"""The promotion on screens."""
