"""What runs and stores: the log, the outcomes store and the packages of the machine they need.

Owns starting, stopping and preparing these parts. Promises that what it starts ends with it. Refuses business
rules, and imports nothing of the services but the table of topics.
"""
