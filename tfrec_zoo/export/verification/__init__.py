"""An export answers as its Keras model does."""
