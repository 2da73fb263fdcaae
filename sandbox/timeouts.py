"""How long one waits here for what is sure to happen; the wait ends when it has, so only a fault takes so long."""

PATIENCE = 30.0  # seconds; a busy machine needs some of them
