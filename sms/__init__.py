"""Text messages: types and pure functions. This package does no I/O and knows no provider, table or Slack."""
