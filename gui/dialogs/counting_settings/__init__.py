"""How the sample is counted: one page for thresholds, model, method, red cell size and counting rule."""
