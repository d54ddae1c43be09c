"""The rows of the find screen, and the search that fills them."""
