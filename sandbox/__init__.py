"""A pretend Slack workspace and pretend carriers, for the demo, the tests and the benchmarks.

It is written from the companies' documents, speaks HTTP and WebSocket only, and imports nothing of the bot, which it
runs as a child process, as an operator would.
"""
