"""The settings file: its models, its rules, and its error messages."""
