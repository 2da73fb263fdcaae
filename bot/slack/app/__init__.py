"""The Slack app: events, commands, modals, buttons and the Home tab."""
