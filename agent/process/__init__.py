"""The worker as an operating-system process: ports, signals, reload, log, and the end of orphaned jobs."""
