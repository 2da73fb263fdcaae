"""Everything about Slack: the connection, the app, posts, and the views that they show."""
