"""Work on many tables at once: backup copies, retention, erasure, channel moves."""
