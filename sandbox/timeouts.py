"""Timeouts for events that are certain to happen. A wait ends as soon as they happen; only a bug takes this long."""

PATIENCE = 30.0  # seconds; enough for a busy machine
