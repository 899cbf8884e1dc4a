"""The panels around the image, a package or module each."""
