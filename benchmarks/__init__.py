"""Our avatar plugin and the official one, side by side on the LiveAvatar stand-in: `python -m benchmarks`.

What was heard is known from the stand-in's own bookkeeping. All numbers come from one process and one clock, so the
ratios are what counts; they say nothing of the real service.
"""
