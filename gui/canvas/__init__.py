"""The image with its boxes."""
