"""Several connections in one application: choose, combine, sign in, unlock."""
