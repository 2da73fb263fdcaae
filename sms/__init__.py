"""What a text message is: words and pure functions. No I/O, and nothing here knows a provider, a table or Slack."""
