"""What is drawn on the canvas, one module each."""
