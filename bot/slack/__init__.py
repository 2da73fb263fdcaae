"""Everything that talks to Slack or draws what Slack shows."""
