"""The demonstration: an invented case file, and one command that brings a whole system up with it.

Owns a seeded generator of believable histories (`generate`), the five stories in it (`stories`), the start of the
demonstration (`python -m infra.demo`) and the little that goes on happening while one watches (`life`). Promises that
the same seed, scale and instant give the same lines, that nobody in them is a real person, and that what it writes
with passwords or tokens in it is for its owner's eyes only. Refuses to load into a log that has something in it, and to
wipe what is running.
"""
