"""Widgets that show and edit a manifest."""
