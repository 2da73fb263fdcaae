"""The settings: their models, the rules among them, and the error messages."""
