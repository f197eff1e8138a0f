"""FER data in, a float Keras model and its report out."""
