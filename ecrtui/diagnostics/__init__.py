"""Find out what works and what does not: this machine, the settings, the files, the connection, the permissions."""
