"""Bridges to other libraries, loaded only when asked for."""
