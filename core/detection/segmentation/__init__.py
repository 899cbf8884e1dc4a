"""Detection by segmentation: masks from a network or from colour, separated into cells."""
