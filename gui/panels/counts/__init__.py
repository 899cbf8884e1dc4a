"""The counts of the current image and the sample."""
