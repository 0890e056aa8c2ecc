"""Calls in rooms that belong to LiveAvatar: the session is made first, and agent and caller join its room."""
