"""The tools of a persona in addition to the built-in ones, and the cards that tools show on the page."""
