"""The synthetic caller: an ordinary participant that speaks, listens to the avatar, and measures its sound."""
