"""Where the vault keeps things: sealed rows in a database, keys in a file of their own; and how it asks casework."""
