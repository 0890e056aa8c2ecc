"""The HTTP server for front ends: the page, tokens to join a call with, and health."""
