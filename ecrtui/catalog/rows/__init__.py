"""The rows of a list: order, filter, folding, marks and cursor, for any number of rows."""
