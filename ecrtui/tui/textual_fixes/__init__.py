"""Workarounds for Textual 8.2.8; each names its upstream issue and when to delete it."""
