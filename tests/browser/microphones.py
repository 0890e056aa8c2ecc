"""Microphones that a browser may have, as scripts that run before the page's own scripts."""

# The caller denies the microphone, or the machine has none.
NO_MICROPHONE = """
navigator.mediaDevices.getUserMedia = async () => {
  throw new DOMException("Permission denied", "NotAllowedError");
};
"""

# The browser asks the caller, who answers when the test calls `window.allow()`.
SLOW_MICROPHONE = """
const devices = navigator.mediaDevices;
const ask = devices.getUserMedia.bind(devices);
window.tracks = [];
devices.getUserMedia = async (wanted) => {
  window.asked = true;
  await new Promise((resolve) => (window.allow = resolve));
  const stream = await ask(wanted);
  window.tracks.push(...stream.getTracks());
  return stream;
};
"""
