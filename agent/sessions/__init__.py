"""Avatar sessions of this machine: the sweep of those left running, and the command that lists and stops them."""
