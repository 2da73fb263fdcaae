"""The work behind the `threadline` commands: backup, doctor, retry, replay, personal data. It runs beside the bot."""
