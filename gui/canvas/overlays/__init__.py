"""What lies in the corners of the canvas: modes, the scale, the overview, the display."""
