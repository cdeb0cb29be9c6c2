"""Load an export and recommend."""
