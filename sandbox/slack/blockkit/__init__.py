"""The simulated Slack's Block Kit validator."""
