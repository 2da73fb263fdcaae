"""Twilio for threadline: `provider` is the API, `errors` the sentences for what goes wrong."""
