"""Telling supervisors of alerts outside the inbox: who is told of what, on which channels, when, and in which words.

Owns the plan of notifications. Promises that what is critical is told at once, that nothing else is told at night or on
a day off, that every alert at a level somebody stands for is told on each of her channels that takes it, once a
revision, and that no message says more than how many cases there are to look at. Refuses to know an address.
"""
