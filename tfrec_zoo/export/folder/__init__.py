"""The folder of an export: how versions join it, and the pages beside them."""
