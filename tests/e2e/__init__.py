"""The bot whole, in this process: real Bolt, httpx and SQLite between the pretend workspace and the pretend carriers."""
