"""How access is asked: over HTTP."""
