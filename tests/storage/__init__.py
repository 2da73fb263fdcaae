"""What is stored, on real SQLite files."""
