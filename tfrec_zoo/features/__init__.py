"""Raw values to integer arrays."""
