"""From a caller's join to the first picture and the first word of the avatar, in whole calls on a LiveKit server."""
