"""The panes of the image screen, and what they are given."""
