"""Finding cells in an image."""
