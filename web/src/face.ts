/** The face: the avatar's picture where it is, and in its place a poster that says what is awaited. */

import type { RemoteTrack } from "livekit-client";
import { element, tell } from "./dom";

/** What a caller waits for, in this order. */
export type Step = "room" | "connection" | "agent" | "face";

const STEPS: Record<Step, string> = {
  room: "Asking for a room",
  connection: "Connecting",
  agent: "Waiting for the agent",
  face: "Waiting for the face",
};

const stage = element("stage");
const video = element<HTMLVideoElement>("video");
const progress = element("progress");
const bar = element<HTMLProgressElement>("progress-bar");

let shown: RemoteTrack | undefined;

/** Say what is awaited; undefined for nothing. */
export function awaitStep(step: Step | undefined): void {
  const names = Object.keys(STEPS) as Step[];
  bar.hidden = step === undefined;
  bar.max = names.length;
  bar.value = step === undefined ? 0 : names.indexOf(step) + 1;
  tell(progress, step === undefined ? "" : `${STEPS[step]} …`);
}

/** Show a picture, from its first frame on, so that nothing flashes. */
export function showFace(track: RemoteTrack, onSeen: () => void): void {
  shown = track;
  track.attach(video);
  video.requestVideoFrameCallback(() => {
    if (shown !== track) return;
    stage.dataset["face"] = "on";
    onSeen();
  });
}

/** Put the poster back, in the place of this picture or of any. */
export function hideFace(track: RemoteTrack | undefined = shown): void {
  if (track === undefined || track !== shown) return;
  track.detach(video);
  shown = undefined;
  stage.dataset["face"] = "off";
}
