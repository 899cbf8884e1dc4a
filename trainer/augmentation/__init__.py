"""Changes to training images."""
