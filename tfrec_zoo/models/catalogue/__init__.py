"""The whole catalogue at once: its scores, what may be recommended, and the best of it."""
