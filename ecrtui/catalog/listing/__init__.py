"""Listings of all repositories or images, page by page and in batches."""
