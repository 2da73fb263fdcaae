"""Parsers of what people type: message text, thread commands, times and numbers. Pure."""
