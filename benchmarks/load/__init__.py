"""How many calls a worker and a fleet carry: measured on this machine, and simulated for a fleet."""
