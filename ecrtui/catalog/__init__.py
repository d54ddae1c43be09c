"""List, filter, cache: every read of a list goes through here."""
