"""Tests of what the team sees and of what connects it to providers and storage."""
