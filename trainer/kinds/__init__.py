"""Kinds of cells: the network that describes them, teaching sets from annotated images, and how well both do."""
