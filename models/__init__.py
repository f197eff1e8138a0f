"""The shipped model files, their card, and the cascade that finds faces."""
