"""The HTTP server of the embedded registry."""
