"""The bot whole, in the test's process: real Bolt, httpx and SQLite between a pretend workspace and carriers."""
