"""The heart: events → facts → policy → obligations → alerts → escalations.

Pure, standard library only. Nothing here reads a clock, draws an id or talks to anything; time comes in as
arguments, in milliseconds since 1970 UTC. What is computed here is specified to the millisecond, and a second
implementation in `tests/simulation/plain` that shares no code with it is compared with it transition by transition.
"""
