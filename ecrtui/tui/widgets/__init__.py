"""Widgets of the screens. They take values and post messages; they know no screens."""
