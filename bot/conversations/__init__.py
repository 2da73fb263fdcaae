"""Handlers for everything that happens. They write rows and jobs only and reach no network."""
