"""List, filter and cache. Every read of a list goes through this package."""
