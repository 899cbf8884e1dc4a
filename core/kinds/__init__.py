"""Kinds of cells, taught by examples: embeddings, classifier, figures, differential count, teaching sets."""
