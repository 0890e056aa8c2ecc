/** Shows the captions of the room, LiveKit's text streams of the topic `lk.transcription`. */

import type { Room, TextStreamReader } from "livekit-client";
import { Captions, type Line, MAX_LINES, type Speaker } from "./captions";
import { element, followEnd, make } from "./dom";
import { log } from "./log";

const TOPIC = "lk.transcription";
const SEGMENT = "lk.segment_id";
const TRACK = "lk.transcribed_track_id";
const FINAL = "lk.transcription_final";

const list = element("captions");

followEnd(list);

/** The captions of one call. */
export class Transcript {
  private readonly captions = new Captions();

  constructor(private readonly room: Room) {
    list.replaceChildren();
    room.registerTextStreamHandler(TOPIC, (reader, { identity }) => void this.read(reader, identity));
  }

  /** Add a text that the caller has written. */
  write(text: string): void {
    show(this.captions.update(`written-${performance.now()}`, "you", text, true));
  }

  /** Mark an answer as interrupted; `heard` is the part that the caller has heard. */
  cut(heard: string): void {
    show(this.captions.cut(heard));
  }

  /** Show a stream: the caller's text comes whole with each change, an answer grows in one stream. */
  private async read(reader: TextStreamReader, identity: string): Promise<void> {
    const id = reader.info.attributes?.[SEGMENT] ?? reader.info.id;
    const speaker = this.speaker(identity, reader.info.attributes?.[TRACK]);
    let text = "";
    try {
      for await (const piece of reader) {
        text += piece;
        show(this.captions.update(id, speaker, text, false));
      }
    } catch {
      return; // The call ended in the middle of a sentence.
    }
    if (reader.info.attributes?.[FINAL] !== "true") return;
    show(this.captions.update(id, speaker, text, true));
    log(`${speaker}: ${text.trim()}`);
  }

  private speaker(identity: string, trackId: string | undefined): Speaker {
    const caller = this.room.localParticipant;
    const isCaller = identity === caller.identity || (trackId !== undefined && caller.trackPublications.has(trackId));
    return isCaller ? "you" : "agent";
  }
}

function show(line: Line | undefined): void {
  if (line === undefined) return;
  const known = list.querySelector<HTMLElement>(`[data-id="${CSS.escape(line.id)}"]`);
  const shown = known ?? make("p", "", { "data-testid": "caption", "data-id": line.id, "data-speaker": line.speaker });
  shown.dataset["state"] = line.state;
  const words = make("span", line.text, { dir: "auto" });
  if (line.state === "cut") words.append(make("em", " — interrupted"));
  shown.replaceChildren(make("b", line.speaker === "you" ? "You" : "Agent"), " ", words);
  if (known === null) list.append(shown);
  if (list.childElementCount > MAX_LINES) list.firstElementChild?.remove();
}
