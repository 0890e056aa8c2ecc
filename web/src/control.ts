/**
 * A client of the control protocol (docs/control.md): what can be asked of an agent, and what it tells.
 *
 * It knows LiveKit and nothing of this page: take it for a front end of your own.
 */

import { type RemoteParticipant, type Room, RoomEvent, RpcError } from "livekit-client";

export type Input = "open" | "push_to_talk";
export type AgentState = "initializing" | "idle" | "listening" | "thinking" | "speaking";
export type StageName = "transcript" | "first_token" | "first_audio" | "sent" | "speaking";

/** What the agent's participant says of itself. */
export interface Agent {
  identity: string;
  name: string;
  state: AgentState;
  /** Vendors that are stand-ins, and not the real thing. */
  standIns: string[];
  avatar: "starting" | "live" | "voice only";
  /** Why there is no avatar. */
  reason: string;
  avatarIdentity: string;
  input: Input;
  persona: string;
  personas: string[];
  /** When the call will be ended, once that was announced. */
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
  /** Seconds after the end of the caller's speech. */
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
  source: "hearing" | "thinking" | "speaking";
  message: string;
}

export type CallEvent = TurnEvent | SaidEvent | SentenceEvent | UsageEvent | ErrorEvent;

/** Told by a `Control`. */
export interface ControlListener {
  /** The agent has come, has changed, or (undefined) has left. */
  onAgent(agent: Agent | undefined): void;
  onEvent(event: CallEvent): void;
  /** A method was called, and answered or refused. */
  onCall(method: string, answer: string): void;
}

const VERSION = "1";
const TOPIC = "avatar.events";
const TYPES = new Set(["turn", "said", "sentence", "usage", "error"]);
const VOICE_ONLY = "voice only";

/** The agent did not do what it was asked to; the message says why. */
export class RefusedError extends Error {}

/** One call's agent. */
export class Control {
  constructor(
    private readonly room: Room,
    private readonly listener: ControlListener,
  ) {
    const look = (): void => this.listener.onAgent(this.agent);
    room.on(RoomEvent.Connected, look);
    room.on(RoomEvent.Reconnected, look); // who left meanwhile is told while it is not to be believed
    room.on(RoomEvent.ParticipantConnected, look);
    room.on(RoomEvent.ParticipantDisconnected, look);
    room.on(RoomEvent.ParticipantAttributesChanged, look);
    room.on(RoomEvent.ParticipantNameChanged, look);
    room.on(RoomEvent.DataReceived, (data, sender, _kind, topic) => {
      if (topic === TOPIC && sender?.identity === this.agent?.identity) this.hear(data);
    });
  }

  /** The agent, if it is there. */
  get agent(): Agent | undefined {
    for (const participant of this.room.remoteParticipants.values()) {
      if (participant.attributes["control"] === VERSION) return read(participant);
    }
    return undefined;
  }

  /** Answer this as if it had been said. */
  async talk(text: string): Promise<void> {
    await this.call("talk", { text });
  }

  /** Say this, word for word. */
  async repeat(text: string): Promise<void> {
    await this.call("repeat", { text });
  }

  /** Be silent. */
  async interrupt(): Promise<void> {
    await this.call("interrupt");
  }

  /** Listen always, or only between `startTalking` and `endTalking`. */
  async setInput(mode: Input): Promise<void> {
    await this.call("set_input", { mode });
  }

  async startTalking(): Promise<void> {
    await this.call("push_to_talk_start");
  }

  async endTalking(): Promise<void> {
    await this.call("push_to_talk_end");
  }

  /** Be somebody else. */
  async setPersona(persona: string): Promise<void> {
    await this.call("set_persona", { persona });
  }

  /** End the call for everybody. */
  async endCall(): Promise<void> {
    await this.call("end_call");
  }

  private async call(method: string, payload: object = {}): Promise<void> {
    const agent = this.agent;
    if (agent === undefined) throw new RefusedError("There is no agent in the call.");
    const request = { destinationIdentity: agent.identity, method, payload: JSON.stringify(payload) };
    try {
      this.listener.onCall(method, await this.room.localParticipant.performRpc(request));
    } catch (error) {
      const reason = error instanceof RpcError ? `${error.message} (${error.code})` : String(error);
      this.listener.onCall(method, reason);
      throw new RefusedError(reason);
    }
  }

  private hear(data: Uint8Array): void {
    const event = parseEvent(new TextDecoder().decode(data));
    if (event !== undefined) this.listener.onEvent(event);
  }
}

/** An event, or undefined for what this version does not know. */
export function parseEvent(text: string): CallEvent | undefined {
  try {
    const event = JSON.parse(text) as { v?: number; type?: string };
    return event.v === 1 && TYPES.has(event.type ?? "") ? (event as CallEvent) : undefined;
  } catch {
    return undefined;
  }
}

function read(participant: RemoteParticipant): Agent {
  const told = participant.attributes;
  const avatar = told["avatar"] ?? "starting";
  const isVoiceOnly = avatar.startsWith(VOICE_ONLY);
  return {
    identity: participant.identity,
    name: participant.name ?? participant.identity,
    state: (told["lk.agent.state"] ?? "initializing") as AgentState,
    standIns: list(told["stand_ins"]),
    avatar: isVoiceOnly ? VOICE_ONLY : avatar === "live" ? "live" : "starting",
    reason: isVoiceOnly ? avatar.slice(VOICE_ONLY.length + 2) : "",
    avatarIdentity: told["avatar_identity"] ?? "",
    input: told["input"] === "push_to_talk" ? "push_to_talk" : "open",
    persona: told["persona"] ?? "",
    personas: list(told["personas"]),
    endsAt: told["ends_at"] ? new Date(told["ends_at"]) : undefined,
  };
}

function list(text: string | undefined): string[] {
  return text ? text.split(",") : [];
}
