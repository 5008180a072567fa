"""Releases: the numbered tables of a quarter that anybody outside the organisation may read. Pure.

Owns what is released (counts of survivors, in total and by one break-down), what a release says of itself, and its
digest. Promises that a release is a value that never changes: each quarter is released once, so that no number is ever
published a second time, made of something else. Refuses medians and curves, whatever number they rest on.
"""
