"""The way in: REST. Decode, call, encode; nothing about a case is decided here, and none is ever shown."""
