"""Tests of the whole bot in the test's process: real Bolt, httpx and SQLite, a simulated workspace and carriers."""
