"""The pretend Slack's Block Kit validator."""
