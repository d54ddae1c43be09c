"""A manifest on the screen."""
