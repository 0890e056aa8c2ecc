"""The whole conversation on one machine: LiveKit server, stand-ins, worker, and a synthetic caller where asked for."""
