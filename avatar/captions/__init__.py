"""Captions: the transcription of the avatar's speech, shown as it is heard."""
