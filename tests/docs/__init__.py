"""The documentation is held to the code: links, commands, names, pieces of code, and the pages that are made."""
