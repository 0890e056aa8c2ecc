/** The avatar's video, and the poster that is shown while there is none. */

import type { RemoteTrack } from "livekit-client";
import { element, tell } from "./dom";

/** The steps that the caller waits for, in this order. */
export type Step = "room" | "connection" | "agent" | "avatar";

const STEPS: Record<Step, string> = {
  room: "Starting the call",
  connection: "Connecting",
  agent: "Waiting for the agent",
  avatar: "Waiting for the avatar",
};

const stage = element("stage");
const video = element<HTMLVideoElement>("video");
const progress = element("progress");
const bar = element<HTMLProgressElement>("progress-bar");

let shown: RemoteTrack | undefined;

/** Show the step that the caller waits for; undefined for none. */
export function showStep(step: Step | undefined): void {
  const names = Object.keys(STEPS) as Step[];
  bar.hidden = step === undefined;
  bar.max = names.length;
  bar.value = step === undefined ? 0 : names.indexOf(step) + 1;
  tell(progress, step === undefined ? "" : `${STEPS[step]} …`);
}

/** Show a video track from its first frame on, so that no empty picture flashes. */
export function showAvatar(track: RemoteTrack, onFirstFrame: () => void): void {
  shown = track;
  track.attach(video);
  video.requestVideoFrameCallback(() => {
    if (shown !== track) return;
    stage.dataset["avatar"] = "on";
    onFirstFrame();
  });
}

/** Show the poster instead of this track; by default instead of any track. */
export function hideAvatar(track: RemoteTrack | undefined = shown): void {
  if (track === undefined || track !== shown) return;
  track.detach(video);
  shown = undefined;
  stage.dataset["avatar"] = "off";
}
