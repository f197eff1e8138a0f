"""Sources of grey frames: V4L2, Raspberry Pi and network cameras, clips, the built-in visitor."""
