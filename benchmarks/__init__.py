"""How fast glassnet is, measured beside its peers and beside the bare matrix products in one interleaved run."""
