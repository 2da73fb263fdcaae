"""The two doors, the story, the worker, the send gate and the Slack surface."""
