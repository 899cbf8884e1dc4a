"""Tiles of cells: pieces of images, their grid and how they are drawn."""
