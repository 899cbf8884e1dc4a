"""Model files: card, network, runtime."""
