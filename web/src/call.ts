/** One call: a room, who is in it, and what is seen and heard of them. */

import { ConnectionState, DisconnectReason, type RemoteTrack, Room, RoomEvent, Track } from "livekit-client";
import { type Agent, type CallEvent, Control } from "./control";
import { awaitStep, hideFace, showFace } from "./face";
import { log } from "./log";
import { Microphone } from "./microphone";
import type { Ticket } from "./ticket";
import { Transcript } from "./transcript";

/** Told by a `Call`. */
export interface CallListener {
  onAgent(agent: Agent | undefined): void;
  onEvent(event: CallEvent): void;
  /** No agent is there, and it has been waited for. */
  onLateAgent(): void;
  /** The connection is being mended, or (false) it is back. */
  onMending(isMending: boolean): void;
  /**
   * The caller is not in the call any more; the sentence says why, and is empty when the caller wanted it. Whether the
   * call is over for everybody is told with it: one that is not can be come back to.
   */
  onEnd(why: string, isOver: boolean): void;
  /** The browser plays sound only after a click. */
  onSilenced(isSilenced: boolean): void;
}

const AGENT_COMES_WITHIN = 15_000;

const OVER = "The call has ended.";

const WHY: Partial<Record<DisconnectReason, string>> = {
  [DisconnectReason.CLIENT_INITIATED]: "",
  [DisconnectReason.DUPLICATE_IDENTITY]: "The call goes on in another tab.",
  [DisconnectReason.ROOM_DELETED]: OVER,
  [DisconnectReason.ROOM_CLOSED]: OVER,
  [DisconnectReason.PARTICIPANT_REMOVED]: OVER,
};

export class Call {
  // Whoever looks away, the face goes on: only what is not shown at all is not sent.
  private readonly room = new Room({ adaptiveStream: { pauseVideoInBackground: false }, dynacast: true });
  readonly control: Control;
  readonly microphone: Microphone;
  readonly transcript: Transcript;
  private agent: Agent | undefined;
  private isIn = false;
  private isClosed = false;
  private lateAgent: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly listener: CallListener) {
    this.transcript = new Transcript(this.room);
    this.microphone = new Microphone(this.room);
    this.control = new Control(this.room, {
      onAgent: (agent) => this.onAgent(agent),
      onEvent: (event) => this.onEvent(event),
      onCall: (method, answer) => log(`${method} → ${answer}`),
    });
    this.room
      .on(RoomEvent.TrackSubscribed, (track) => this.onTrack(track))
      .on(RoomEvent.TrackUnsubscribed, (track) => this.onTrackGone(track))
      .on(RoomEvent.ConnectionStateChanged, (state) => this.onConnectionState(state))
      .on(RoomEvent.AudioPlaybackStatusChanged, () => this.listener.onSilenced(!this.room.canPlaybackAudio))
      .on(RoomEvent.Disconnected, (reason) => this.onDisconnected(reason));
  }

  /** Join, and again if that failed. Raises what LiveKit raises when it does not let the caller in. */
  async join(ticket: Ticket): Promise<void> {
    awaitStep("connection");
    await this.room.connect(ticket.url, ticket.token);
    this.isIn = true;
    this.awaitAgent();
    this.onAgent(this.control.agent);
  }

  /** Let the browser play sound; only as an answer to a click. */
  async allowSound(): Promise<void> {
    await this.room.startAudio();
  }

  /** End the call, for the agent as well. The listener is told nothing more. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.leave();
    const isThere = this.room.state === ConnectionState.Connected && this.agent !== undefined;
    const soon = new Promise((resolve) => setTimeout(resolve, 1_000));
    // Without it the agent would wait for a caller who may only be reloading.
    if (isThere) await Promise.race([this.control.endCall().catch(() => undefined), soon]);
    await this.room.disconnect();
  }

  private onAgent(agent: Agent | undefined): void {
    if (this.isClosed || this.room.state !== ConnectionState.Connected) return;
    if (agent !== undefined && this.agent === undefined) {
      clearTimeout(this.lateAgent);
      awaitStep("face");
      log(`agent: ${agent.name}`);
    }
    if (agent === undefined && this.agent !== undefined) {
      this.awaitAgent(); // it may come back, and then with a face
      log("the agent has left");
    }
    if (agent !== undefined && agent.avatar !== this.agent?.avatar) {
      log(`avatar: ${agent.avatar}${agent.reason && `, ${agent.reason}`}`);
    }
    if (agent?.avatar === "voice only") awaitStep(undefined);
    this.agent = agent;
    this.listener.onAgent(agent);
  }

  private awaitAgent(): void {
    awaitStep("agent");
    clearTimeout(this.lateAgent);
    this.lateAgent = setTimeout(() => this.onLateAgent(), AGENT_COMES_WITHIN);
  }

  private onEvent(event: CallEvent): void {
    if (this.isClosed) return;
    if (event.type === "said" && event.interrupted) this.transcript.cut(event.text);
    this.listener.onEvent(event);
  }

  private onTrack(track: RemoteTrack): void {
    if (track.kind === Track.Kind.Audio) {
      document.body.append(track.attach());
    } else {
      showFace(track, () => {
        awaitStep(undefined);
        log("the face is there");
      });
    }
  }

  private onTrackGone(track: RemoteTrack): void {
    if (track.kind === Track.Kind.Audio) {
      for (const element of track.detach()) element.remove();
    } else {
      hideFace(track);
    }
  }

  private onLateAgent(): void {
    log("no agent has come: is a worker running, and is its name, if it has one, the one that is asked for?");
    this.listener.onLateAgent();
  }

  private onConnectionState(state: ConnectionState): void {
    if (this.isClosed) return;
    log(`connection: ${state}`);
    const isMending = state === ConnectionState.Reconnecting || state === ConnectionState.SignalReconnecting;
    this.listener.onMending(isMending);
  }

  private onDisconnected(reason: DisconnectReason | undefined): void {
    if (this.isClosed || !this.isIn) return; // what keeps a caller out, `join` raises
    this.isClosed = true;
    this.leave();
    const why = WHY[reason ?? DisconnectReason.UNKNOWN_REASON] ?? "The connection was lost.";
    this.listener.onEnd(why, why === OVER);
  }

  private leave(): void {
    clearTimeout(this.lateAgent);
    this.microphone.close();
    hideFace();
    awaitStep(undefined);
  }
}
