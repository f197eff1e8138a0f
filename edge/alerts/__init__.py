"""When an expression becomes an alert, and where alerts go."""
