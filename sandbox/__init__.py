"""A simulated Slack workspace and simulated SMS providers, for the demo, the tests and the benchmarks.

It follows the documentation of Slack and the providers, and speaks only HTTP and WebSocket. It imports nothing from the
bot, but runs it as a child process, as an operator would.
"""
