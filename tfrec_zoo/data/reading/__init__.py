"""Files of interactions, row by row: formats, columns, and what cannot be read."""
