"""What the vault does: keep, reveal, break the glass, erase, tell the audit; upon ports."""
