"""One module per table. Each function takes the open transaction or a reader first."""
