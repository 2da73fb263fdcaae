"""The pretend Slack's Web API and its methods."""
