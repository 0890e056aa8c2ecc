"""The whole conversation on one machine: LiveKit server, stand-ins, worker, and a caller when nobody else calls."""
