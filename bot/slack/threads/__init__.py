"""Posts in Slack: cards, texts, status lines and alerts, each exactly once."""
