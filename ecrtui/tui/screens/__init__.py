"""One module per place in the application."""
