"""Who she is: names, phones, addresses, safe-contact plans and the words people wrote about her; nowhere else.

Promises: nothing is shown before the audit has durably said to whom and what for; what was erased cannot be read
again, not from copies of the data either; without the key file the data is noise. Refuses: to serve with a key file
that others can read or of another installation, and to reveal anything while it cannot learn whose the case is.
"""
