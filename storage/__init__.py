"""Storage: one SQLite file, one module per table. Each function takes the open transaction first."""
