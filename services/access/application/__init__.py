"""What access does with accounts: signing in, and keeping them. Knows its store and its key as ports only."""
