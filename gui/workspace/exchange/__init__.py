"""Import and export of annotations."""
