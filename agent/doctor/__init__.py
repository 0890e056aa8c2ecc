"""`python agent.py doctor`: checks everything that a call needs, and with --call makes one."""

# Prefix of the rooms in which `doctor --call` talks with the avatar: workers refuse jobs there.
ROOM_PREFIX = "doctor-"
