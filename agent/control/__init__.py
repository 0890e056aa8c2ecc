"""The control protocol: requests of front ends and events for them, by LiveKit's own means; see docs/control.md."""
