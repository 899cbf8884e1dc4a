"""The default model, the demo smear and icons; read through ``importlib.resources``."""
