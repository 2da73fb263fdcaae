"""How the pretend Slack reaches the app: sockets, signed requests, `response_url`."""
