"""The machine on the event loop: the driver, and the executors that carry its actions out."""
