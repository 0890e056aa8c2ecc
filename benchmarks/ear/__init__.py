"""What a caller notices and a bill shows, in whole calls: the official plugin's documented worker and ours."""
