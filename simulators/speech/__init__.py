"""Speech in and out without a service: espeak-ng speaks, pocketsphinx listens, each in its own process."""

from simulators.speech.child import SpeechError
from simulators.speech.recogniser import RecognisedWord, Recogniser, Recognition
from simulators.speech.speaker import Speaker, Speech, Word
from simulators.speech.voices import Voice, load_voices

__all__ = [
    "RecognisedWord",
    "Recogniser",
    "Recognition",
    "Speaker",
    "Speech",
    "SpeechError",
    "Voice",
    "Word",
    "load_voices",
]
