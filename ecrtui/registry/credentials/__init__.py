"""The credentials of a connection: how they are found, renewed and asked for."""
