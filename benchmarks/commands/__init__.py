"""One module a command of `edge-bench`."""
