"""Indicators, exactly: every one is a function of (cases, their events and obligations, a period, break-downs).

Owns the catalogue of indicators, the readings of their definitions, and the arithmetic both the reference and SQL
share. Promises integers wherever something is counted, so that equality can be asked for exactly. Refuses clocks,
stores and any opinion about what should have been done: `services.casework.domain` says which facts an event states.
"""
