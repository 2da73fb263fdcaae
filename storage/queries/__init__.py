"""Queries that read across tables: Home, status, activity, metrics, transcripts."""
