"""Benchmarks: the real bot between minimal counterparts of Slack and of a provider, all over loopback."""
