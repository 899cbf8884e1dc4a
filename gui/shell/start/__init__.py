"""What the window shows while no image is open."""
