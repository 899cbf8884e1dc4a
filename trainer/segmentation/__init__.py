"""Networks that make masks: data, training, export."""
