"""Where parts of a window are: over others, folded away, or alone in the middle."""
