"""Checks of the files in deploy/ and of the Dockerfile against the code, without installing anything."""
