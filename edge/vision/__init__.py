"""From a grey frame to faces with emotions: motion, detection, tracks, crops, expression."""
