"""The measurements: the real bot between lean counterparts of Slack and of a company, all over loopback."""
