"""Stand-ins for the vendors, on their own wire protocols; run with `python -m simulators`."""
