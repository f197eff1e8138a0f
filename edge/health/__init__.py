"""How the device is, and telling it: heartbeats, metrics, the board, the doctor."""
