"""Counting by segmentation: masks of the cells first, then one detection for each cell in them."""
