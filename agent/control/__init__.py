"""What a front end asks of a call that runs, and is told of it, by LiveKit's own means: docs/control.md."""
