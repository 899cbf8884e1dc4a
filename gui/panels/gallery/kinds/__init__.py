"""Cells by kind: the tree of kinds, piles of suggestions, and how well the kinds are told apart."""
