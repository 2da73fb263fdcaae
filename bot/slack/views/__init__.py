"""Block Kit for everything that people see in Slack. Pure: each function gets all the data that it shows."""
