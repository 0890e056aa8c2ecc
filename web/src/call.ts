/** One call: its room, the agent and the avatar in it, and the caller's microphone. */

import { ConnectionState, DisconnectReason, type RemoteTrack, Room, RoomEvent, Track } from "livekit-client";
import { hideAvatar, showAvatar, showStep } from "./avatar";
import type { ConnectionDetails } from "./connectionDetails";
import { type Agent, type CallEvent, Control } from "./control";
import { log } from "./log";
import { Microphone } from "./microphone";
import { Transcript } from "./transcript";

/** Receives the reports of a `Call`. */
export interface CallListener {
  onAgent(agent: Agent | undefined): void;
  onEvent(event: CallEvent): void;
  /** No agent has joined for `AGENT_TIMEOUT_MS`. */
  onNoAgent(): void;
  /** The connection was lost and is being restored, or (false) is restored. */
  onReconnecting(isReconnecting: boolean): void;
  /** The caller is no longer in the call; `canRejoin` says whether this tab may join it again. */
  onEnd(reason: string, canRejoin: boolean): void;
  /** The browser blocks sound until a click, or (false) plays it. */
  onSilenced(isSilenced: boolean): void;
  /** The microphone was opened, muted, unmuted or lost. */
  onMicrophone(): void;
}

const AGENT_TIMEOUT_MS = 15_000;

// Timeout of the request to end the call; after it the caller leaves without an answer.
const CLOSE_TIMEOUT_MS = 1_000;

const ENDED = "The call has ended.";

// After other reasons the call may go on: failures of the network or the server, and a page that is reloaded or
// suspended, which LiveKit's client disconnects.
const FINAL_REASONS: Partial<Record<DisconnectReason, string>> = {
  // A duplicated tab has the same identity. The other tab has the call now.
  [DisconnectReason.DUPLICATE_IDENTITY]: "The call continues in another tab.",
  [DisconnectReason.ROOM_DELETED]: ENDED,
  [DisconnectReason.ROOM_CLOSED]: ENDED,
  [DisconnectReason.PARTICIPANT_REMOVED]: ENDED,
};

export class Call {
  // Video is received while the page is in the background, but not while the element is not visible at all.
  private readonly room = new Room({ adaptiveStream: { pauseVideoInBackground: false }, dynacast: true });
  readonly control: Control;
  readonly microphone: Microphone;
  readonly transcript: Transcript;
  private agent: Agent | undefined;
  private isJoined = false;
  private isClosed = false;
  private agentTimeout: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly listener: CallListener) {
    this.transcript = new Transcript(this.room);
    this.microphone = new Microphone(this.room, () => listener.onMicrophone());
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

  /** Join the room. Throws LiveKit's error when that fails. */
  async join(details: ConnectionDetails): Promise<void> {
    showStep("connection");
    await this.room.connect(details.url, details.token);
    this.isJoined = true;
    void this.tellCaptions();
    this.awaitAgent();
    this.onAgent(this.control.agent);
  }

  /** Let the browser play sound; works only in response to a click. `onSilenced` reports whether it does. */
  allowSound(): void {
    // Not awaited: a track without sound so far begins to play with its first sound, and may end before.
    this.room.startAudio().catch((error: unknown) => log(`sound not started: ${String(error)}`));
  }

  /** End the call, for the agent as well. The listener gets no further reports. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.leave();
    const canAsk = this.room.state === ConnectionState.Connected && this.agent !== undefined;
    const timeout = new Promise((resolve) => setTimeout(resolve, CLOSE_TIMEOUT_MS));
    // Without the request the agent would wait for the caller to rejoin, as after a reload.
    if (canAsk) await Promise.race([this.control.endCall().catch(() => undefined), timeout]);
    await this.room.disconnect();
  }

  /** Set the attribute that captions are shown; tokens for LiveAvatar's rooms lack it, and may not allow it. */
  private async tellCaptions(): Promise<void> {
    const { localParticipant } = this.room;
    if (localParticipant.attributes["captions"] === "true") return;
    await localParticipant.setAttributes({ captions: "true" }).catch((error: unknown) => log(`no attributes: ${String(error)}`));
  }

  private onAgent(agent: Agent | undefined): void {
    if (this.isClosed || this.room.state !== ConnectionState.Connected) return;
    if (agent !== undefined && this.agent === undefined) {
      clearTimeout(this.agentTimeout);
      showStep("avatar");
      log(`agent: ${agent.name}`);
    }
    if (agent === undefined && this.agent !== undefined) {
      this.awaitAgent(); // It may rejoin, with an avatar.
      log("the agent has left");
    }
    if (agent !== undefined && agent.avatar !== this.agent?.avatar) {
      log(`avatar: ${agent.avatar}${agent.reason && `, ${agent.reason}`}`);
    }
    if (agent?.avatar === "voice only") showStep(undefined);
    this.agent = agent;
    this.listener.onAgent(agent);
  }

  private awaitAgent(): void {
    showStep("agent");
    clearTimeout(this.agentTimeout);
    this.agentTimeout = setTimeout(() => this.onNoAgent(), AGENT_TIMEOUT_MS);
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
      showAvatar(track, () => {
        showStep(undefined);
        log("the avatar is visible");
      });
    }
  }

  private onTrackGone(track: RemoteTrack): void {
    if (track.kind === Track.Kind.Audio) {
      for (const element of track.detach()) element.remove();
    } else {
      hideAvatar(track);
    }
  }

  private onNoAgent(): void {
    log("no agent has joined: is a worker running and free, and does LIVEKIT_AGENT_NAME match?");
    this.listener.onNoAgent();
  }

  private onConnectionState(state: ConnectionState): void {
    if (this.isClosed) return;
    log(`connection: ${state}`);
    const isReconnecting = state === ConnectionState.Reconnecting || state === ConnectionState.SignalReconnecting;
    this.listener.onReconnecting(isReconnecting);
  }

  private onDisconnected(reason: DisconnectReason | undefined): void {
    if (this.isClosed || !this.isJoined) return; // `join` throws its own errors.
    this.isClosed = true;
    this.leave();
    const final = FINAL_REASONS[reason ?? DisconnectReason.UNKNOWN_REASON];
    this.listener.onEnd(final ?? "The connection was lost. Press Start to rejoin the call.", final === undefined);
  }

  private leave(): void {
    clearTimeout(this.agentTimeout);
    this.microphone.close();
    hideAvatar();
    showStep(undefined);
  }
}
