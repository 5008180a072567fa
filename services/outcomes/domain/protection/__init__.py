"""What of a table may leave the organisation, so that nobody can be told from it. Pure.

Owns the method: every count of survivors is moved by secret dice and rounded, what is then small is hidden, and what
could be worked out from the rest is hidden with it. Promises that what is hidden depends on the published numbers
alone: who knows everybody but one survivor could otherwise read that one off the gaps. Refuses counts of anything but
survivors, of which one may add more than 1 to a number.
"""
