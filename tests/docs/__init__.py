"""Tests of the documentation against the code: links, commands, names, code, generated pages, plain English."""
