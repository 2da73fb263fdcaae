"""Delivery to the app: sockets, signed requests, retries."""
