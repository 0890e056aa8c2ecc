"""The worker as an operating-system process: signals, reload, log, and a job that outlives its worker."""
