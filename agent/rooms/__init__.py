"""Rooms, ours or LiveAvatar's, and the connection details with which a caller joins one."""
