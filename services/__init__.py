"""The services: what people and programs talk to.

Owns one package per service (casework, alerting, outcomes, vault, access, web) and the plumbing they share
(runtime). Promises that each starts alone and knows the others only by their addresses. Refuses imports from
streams, and imports of one service's insides by another.
"""
