"""The ways in: REST and gRPC. Decode, call, encode; no rule about a case is decided here."""
