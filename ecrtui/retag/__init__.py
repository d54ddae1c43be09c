"""Plan, apply, verify, undo: every write goes through here."""
