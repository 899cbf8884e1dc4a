"""What the mouse and keys do on the canvas, one tool each."""
