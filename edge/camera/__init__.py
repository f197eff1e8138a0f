"""Sources of grey frames: V4L2 and network cameras, clips, the built-in visitor."""
