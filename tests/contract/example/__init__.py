"""A provider as another package would bring it: a module, its metadata with an entry point, and its contract data."""
