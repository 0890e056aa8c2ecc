"""The state that workers share: on this machine, or in a Redis that a fleet of machines has in common."""
