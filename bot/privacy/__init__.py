"""Privacy: export and erasure of one person's data, and retention."""
