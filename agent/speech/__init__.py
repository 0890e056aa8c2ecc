"""The speech queue: sentences queued one by one and heard as one speech."""
