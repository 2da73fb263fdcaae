"""The connection to Slack: the Web API, its rate limits, sockets, and who its users are."""
