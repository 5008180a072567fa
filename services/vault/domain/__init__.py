"""Pure rules of the vault: what an identity is, when she may be called, who looks how often, how looks are chained."""
