"""The vault over REST and gRPC."""
