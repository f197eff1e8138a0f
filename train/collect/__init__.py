"""Own faces from a camera: only what is worth training on is kept, and nothing else is stored."""
