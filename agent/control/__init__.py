"""The control protocol: requests of front ends, and what they are told, by LiveKit's own means; see docs/control.md."""
