"""The database engine: connections, transactions, migrations, the clock and ids."""
