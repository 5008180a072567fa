"""What cannot be made anew, copied to one directory, and brought back from it into an empty system.

Owns the layout of a backup: `manifest.json`, the records of the log and of the dead letters by partition, the accounts
and keys of `access`, the releases and the key of their dice, the vault's SQLite database without its key file and the
ends of its audit, the policies in use. Promises that a backup is whole and was read back, or is not there under its
name; that it can be made while the system runs; that in what was restored every record has its offset, and every event
and alert the time it had; and that a restore which was cut off cannot be taken for a system. Refuses to restore over
anything, and from a backup of which one byte is not what it was, but for the vault's database, into which erasures
reach. It holds what access keeps secret: nobody but its owner may read it.
"""
