"""Training of the networks that count by segmentation."""
