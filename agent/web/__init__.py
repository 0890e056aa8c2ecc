"""What a front end asks for over HTTP: the page, and a token to join a call with."""
