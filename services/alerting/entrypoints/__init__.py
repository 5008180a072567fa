"""The ways in: REST and the stream of server-sent events."""
