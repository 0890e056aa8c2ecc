"""Front ends of a page each."""
