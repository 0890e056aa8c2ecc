"""The fallback track: an audio track that the agent publishes itself while no avatar can speak."""
