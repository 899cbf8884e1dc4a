"""Images: reading, even light, focus, scale, tiles, synthetic smears."""
