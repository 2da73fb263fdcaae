"""Block Kit for everything that people see. Pure: each function gets all that it shows."""
