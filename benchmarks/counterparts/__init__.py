"""The other sides, each a process of its own: as lean as they can be, so that what is measured is the bot."""
