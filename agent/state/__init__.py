"""The state that workers share: on this machine, or in a Redis shared by a fleet of machines."""
