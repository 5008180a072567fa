"""Bringing in a register: uploaded, checked without recording anything, recorded, followed up, taken back.

It owns how far an import is (`imports`) and the work that records or takes back, a stretch of lines after the other
(`work`). It promises that whatever is cut off goes on without recording anything twice, and that of who she is nothing
stays here: it goes to the vault, and the register itself, sealed meanwhile, is removed. It refuses to record a line
that the check called wrong.
"""
