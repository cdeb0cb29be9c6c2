"""Published data sets: one file each, and the tables that name them."""
