"""A labelled set of turns, replayed through the real pipeline: who is cut off, who is not answered, what interrupts."""
