"""`python agent.py doctor`: checks everything a call needs, and with --call makes one."""

# What the names of rooms begin with in which `doctor --call` talks with the avatar: workers take no jobs there.
ROOM_PREFIX = "doctor-"
