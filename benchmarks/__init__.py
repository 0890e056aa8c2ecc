"""Our avatar plugin and the official one, side by side on the LiveAvatar stand-in: `python -m benchmarks`.

The heard speech is known from the stand-in's own bookkeeping. All numbers come from one process and one clock, so only
the ratios count; they say nothing about the real service.
"""
