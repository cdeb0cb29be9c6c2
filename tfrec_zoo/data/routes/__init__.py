"""Where a data set with a name can come from: the cache, TensorFlow Datasets, a wheel."""
