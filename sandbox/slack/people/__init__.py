"""People in the pretend Slack: what they type, press and see."""
