"""Commands behind `threadline`: backup, doctor, retry, replay, personal data. Each works beside the running bot."""
