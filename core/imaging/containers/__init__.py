"""One reader for each container: JPEG, PNG, TIFF, HEIF, and what Pillow alone reads."""
