"""Screens with a list: loading, columns, folding, and values that arrive later."""
