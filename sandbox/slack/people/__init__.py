"""People in the simulated Slack: what they write, click and see."""
