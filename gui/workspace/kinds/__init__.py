"""Kinds of cells in the window: their tree, what users said, embeddings in the background, piles of suggestions."""
