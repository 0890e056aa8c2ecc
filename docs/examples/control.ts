// A front end in one file: joins a call, shows the avatar and talks with the agent. The protocol is in ../control.md.
import {
  type RemoteParticipant,
  type RemoteTrack,
  type RemoteTrackPublication,
  Room,
  RoomEvent,
  RpcError,
} from "livekit-client";

export type AvatarEvent = { v: number; seq: number; at: number; type: string; [field: string]: unknown };

type ConnectionDetails = { url: string; token: string };

/** The participant with the attribute `control`; undefined until it takes requests. */
export function agentIn(room: Room): RemoteParticipant | undefined {
  return [...room.remoteParticipants.values()].find((each) => "control" in each.attributes);
}

/** Call a method of the agent. Throws an RpcError, whose code and message say why the agent refuses. */
export async function call(room: Room, method: string, payload: object = {}): Promise<unknown> {
  const agent = agentIn(room);
  if (!agent) throw new Error("the agent is not in the call yet");
  const answer = await room.localParticipant.performRpc({
    destinationIdentity: agent.identity,
    method,
    payload: JSON.stringify(payload),
    responseTimeout: 10_000,
  });
  return JSON.parse(answer);
}

/** Start a call at the agent's web server, and join it with the microphone. */
export async function join(media: HTMLMediaElement, onEvent: (event: AvatarEvent) => void): Promise<Room> {
  const { url, token } = await create();
  const room = new Room();
  room.on(RoomEvent.DataReceived, (payload, _from, _kind, topic) => {
    if (topic === "avatar.events") onEvent(JSON.parse(new TextDecoder().decode(payload)) as AvatarEvent);
  });
  room.on(RoomEvent.TrackSubscribed, (track: RemoteTrack, _publication: RemoteTrackPublication) => track.attach(media));
  await room.connect(url, token);
  await room.localParticipant.setMicrophoneEnabled(true);
  return room;
}

/** Make the agent listen while the button is held; no pause ends the turn then. */
export function holdToTalk(room: Room, button: HTMLElement): void {
  button.addEventListener("pointerdown", () => void ask(room, "push_to_talk_start"));
  button.addEventListener("pointerup", () => void ask(room, "push_to_talk_end"));
}

// The path is relative to the page, which a proxy may serve under a path of its own.
async function create(): Promise<ConnectionDetails> {
  const headers = { "Content-Type": "application/json" };
  const reply = await fetch("api/call", { method: "POST", body: "{}", headers });
  if (!reply.ok) throw new Error(((await reply.json()) as { error: string }).error);
  return (await reply.json()) as ConnectionDetails;
}

async function ask(room: Room, method: string): Promise<void> {
  try {
    await call(room, method);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    console.warn(`${method}: ${error.message} (${error.code})`);
  }
}
