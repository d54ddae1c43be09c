"""The panes of the image screen, and the values that they show."""
