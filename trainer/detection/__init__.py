"""Networks that find boxes: data, training, export."""
