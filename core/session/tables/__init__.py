"""The tables of a session, one module each: images, detections, edits, settings."""
