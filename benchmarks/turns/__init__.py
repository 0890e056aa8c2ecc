"""A labelled set of turns, replayed through the real pipeline: cut-ins, missed turns and interruptions."""
