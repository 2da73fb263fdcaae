"""Files: fetched from providers and Slack, checked, stored, and sent."""
