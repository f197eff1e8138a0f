"""What `edge-train` can be asked: one module a command, flags and words only."""
