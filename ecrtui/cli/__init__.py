"""The command line: a module per command. Each command imports what it needs when it runs."""
