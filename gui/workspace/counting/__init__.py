"""What counts: settings, regions, the cells and counts of each image, estimates."""
