"""The simulated Slack's Web API and its methods."""
