"""Models of the zoo."""
