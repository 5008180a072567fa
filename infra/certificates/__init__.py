"""Certificates for a local network, where no public authority reaches: an authority of one's own, and a leaf.

Owns the authority's key and certificate and the leaf that the public faces are served with. Promises that the key of
the authority is its owner's alone, that the authority can vouch for no name but local ones and those it was made for,
and that what is there is never lost to a run that fails. Refuses hosts that the authority may not vouch for, and a
directory others may enter.
"""
