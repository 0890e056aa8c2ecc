"""The HTTP server for front ends: the page, tokens for calls, and health."""
