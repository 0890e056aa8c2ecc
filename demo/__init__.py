"""The whole conversation on one machine: LiveKit server, stand-ins, worker, and optionally a synthetic caller."""
