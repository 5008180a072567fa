"""Where access keeps things: accounts in SQLite, the signing key in a file of its own."""
