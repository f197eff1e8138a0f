"""Float Keras model in, verified files for the device out."""
