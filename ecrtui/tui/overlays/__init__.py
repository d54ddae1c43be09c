"""Overlays: modal screens above the current screen."""
