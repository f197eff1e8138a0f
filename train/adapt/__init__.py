"""A trained model made better on a few faces of one's own, and held to what it knew before."""
