"""The counts of all images, and what they add up to."""
