/**
 * A client of the control protocol, docs/control.md: the methods of an agent and its events.
 *
 * It depends only on LiveKit and not on this page, so that other front ends can use it.
 */

import { type RemoteParticipant, type Room, RoomEvent, RpcError } from "livekit-client";
import type { Card } from "./cards";

export type Input = "open" | "push_to_talk";
export type AgentState = "initializing" | "idle" | "listening" | "thinking" | "speaking";
export type StageName = "transcript" | "first_token" | "first_audio" | "sent" | "speaking";

/** The attributes of the agent's participant. */
export interface Agent {
  identity: string;
  name: string;
  state: AgentState;
  /** Vendors whose service is a stand-in. */
  standIns: string[];
  avatar: "starting" | "live" | "voice only";
  /** Why there is no avatar. */
  reason: string;
  avatarIdentity: string;
  input: Input;
  persona: string;
  personas: string[];
  /** When the call will be ended; undefined until that is announced. */
  endsAt: Date | undefined;
}

interface Head {
  seq: number;
  /** Unix time in milliseconds. */
  at: number;
}

export interface TurnEvent extends Head {
  type: "turn";
  turn: number;
  by: "speech" | "text" | "repeat" | "opening";
  /** Seconds after the end of the caller's speech, for each stage that was reached. */
  stages: Partial<Record<StageName, number>>;
}

export interface SaidEvent extends Head {
  type: "said";
  text: string;
  interrupted: boolean;
}

export interface SentenceEvent extends Head {
  type: "sentence";
  text: string;
  state: "started" | "finished" | "interrupted" | "failed";
  played: number;
}

export interface UsageEvent extends Head {
  type: "usage";
  call_seconds: number;
  avatar_seconds: number;
  avatar_sessions: number;
  credits_about: number;
  credits_left: number | null;
}

export interface ErrorEvent extends Head {
  type: "error";
  source: "hearing" | "thinking" | "speaking" | "avatar";
  message: string;
}

export interface CardEvent extends Head {
  type: "card";
  tool: string;
  card: Card;
}

export type CallEvent = TurnEvent | SaidEvent | SentenceEvent | UsageEvent | ErrorEvent | CardEvent;

/** Receives the reports of a `Control`. */
export interface ControlListener {
  /** The agent has joined, has changed its attributes, or (undefined) has left. */
  onAgent(agent: Agent | undefined): void;
  onEvent(event: CallEvent): void;
  /** The agent has answered or refused a method. */
  onCall(method: string, answer: string): void;
}

const VERSION = "1";
const TOPIC = "avatar.events";
const TYPES = new Set(["turn", "said", "sentence", "usage", "error", "card"]);
const VOICE_ONLY = "voice only";

// Participants that leave during a reconnection are reported before the room is connected again.
const CHANGES = [
  RoomEvent.Connected,
  RoomEvent.Reconnected,
  RoomEvent.ParticipantConnected,
  RoomEvent.ParticipantDisconnected,
  RoomEvent.ParticipantAttributesChanged,
  RoomEvent.ParticipantNameChanged,
] as const;

/** The agent did not carry out a method; the message says why. */
export class RefusedError extends Error {}

/** The agent of one call. */
export class Control {
  constructor(
    private readonly room: Room,
    private readonly listener: ControlListener,
  ) {
    for (const event of CHANGES) room.on(event, () => this.listener.onAgent(this.agent));
    room.on(RoomEvent.DataReceived, (data, sender, _kind, topic) => {
      if (topic === TOPIC && sender?.identity === this.agent?.identity) this.receive(data);
    });
  }

  /** The agent, if it is in the room. */
  get agent(): Agent | undefined {
    for (const participant of this.room.remoteParticipants.values()) {
      if (participant.attributes["control"] === VERSION) return read(participant);
    }
    return undefined;
  }

  /** Have the agent answer a text as if the caller had said it. */
  async talk(text: string): Promise<void> {
    await this.call("talk", { text });
  }

  /** Have the agent say a text word for word. */
  async repeat(text: string): Promise<void> {
    await this.call("repeat", { text });
  }

  /** Interrupt the agent. */
  async interrupt(): Promise<void> {
    await this.call("interrupt");
  }

  /** Have the agent listen always, or only between `startTalking` and `endTalking`. */
  async setInput(mode: Input): Promise<void> {
    await this.call("set_input", { mode });
  }

  async startTalking(): Promise<void> {
    await this.call("push_to_talk_start");
  }

  async endTalking(): Promise<void> {
    await this.call("push_to_talk_end");
  }

  /** Switch to another of the agent's personas. */
  async setPersona(persona: string): Promise<void> {
    await this.call("set_persona", { persona });
  }

  /** End the call for everybody. */
  async endCall(): Promise<void> {
    await this.call("end_call");
  }

  private async call(method: string, payload: object = {}): Promise<void> {
    const agent = this.agent;
    if (agent === undefined) throw new RefusedError("The agent is not in the call yet.");
    const request = { destinationIdentity: agent.identity, method, payload: JSON.stringify(payload) };
    try {
      this.listener.onCall(method, await this.room.localParticipant.performRpc(request));
    } catch (error) {
      const reason = error instanceof RpcError ? error.message : String(error);
      this.listener.onCall(method, error instanceof RpcError ? `${error.code}, ${reason}` : reason);
      throw new RefusedError(reason);
    }
  }

  private receive(data: Uint8Array): void {
    const event = parseEvent(new TextDecoder().decode(data));
    if (event !== undefined) this.listener.onEvent(event);
  }
}

/** Parse an event; undefined for an unknown type or version. */
export function parseEvent(text: string): CallEvent | undefined {
  try {
    const event = JSON.parse(text) as { v?: number; type?: string };
    return event.v === 1 && TYPES.has(event.type ?? "") ? (event as CallEvent) : undefined;
  } catch {
    return undefined;
  }
}

function read(participant: RemoteParticipant): Agent {
  const attributes = participant.attributes;
  const avatar = attributes["avatar"] ?? "starting";
  const isVoiceOnly = avatar.startsWith(VOICE_ONLY);
  return {
    identity: participant.identity,
    name: participant.name ?? participant.identity,
    state: (attributes["lk.agent.state"] ?? "initializing") as AgentState,
    standIns: list(attributes["stand_ins"]),
    avatar: isVoiceOnly ? VOICE_ONLY : avatar === "live" ? "live" : "starting",
    reason: isVoiceOnly ? avatar.slice(VOICE_ONLY.length + 2) : "",
    avatarIdentity: attributes["avatar_identity"] ?? "",
    input: attributes["input"] === "push_to_talk" ? "push_to_talk" : "open",
    persona: attributes["persona"] ?? "",
    personas: list(attributes["personas"]),
    endsAt: attributes["ends_at"] ? new Date(attributes["ends_at"]) : undefined,
  };
}

function list(text: string | undefined): string[] {
  return text ? text.split(",") : [];
}
