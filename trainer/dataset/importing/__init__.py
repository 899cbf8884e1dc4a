"""Import of annotated images from other tools."""
