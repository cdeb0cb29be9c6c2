"""Export to served models."""
