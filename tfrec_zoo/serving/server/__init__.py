"""A local server of TensorFlow Serving's REST API."""
