"""Sends texts: decides, routes, calls the provider, and reconciles what may have gone out."""
