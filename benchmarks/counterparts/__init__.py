"""Counterparts of the bot, each in its own process and as small as possible, so that the bot dominates the figures."""
