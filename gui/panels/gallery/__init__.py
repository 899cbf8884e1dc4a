"""The gallery: cells side by side, by class."""
