"""Avatar sessions of this machine: the sweep of orphaned ones, and the command that lists and stops them."""
