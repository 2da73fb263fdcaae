"""Metrics, logs and the status report."""
