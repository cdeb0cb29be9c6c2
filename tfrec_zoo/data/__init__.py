"""Plain tables, readers and splits; no TensorFlow."""
