"""What alerting does with what it has read: it lets people see, follow and act on what is theirs."""
