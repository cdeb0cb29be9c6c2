"""Bridges to other libraries, each loaded only when its module is imported."""
