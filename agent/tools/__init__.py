"""The tools of a persona beside the built-in ones, and the cards that tools show on the page."""
