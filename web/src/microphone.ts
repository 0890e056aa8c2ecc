/** The caller's microphone: muted or not, its device, and its level. */

import { createAudioAnalyser, type LocalAudioTrack, type LocalTrack, type Room, RoomEvent, Track } from "livekit-client";
import { choices, choose } from "./choices";
import { element, make } from "./dom";
import { log } from "./log";

const CHANGES = [
  RoomEvent.LocalTrackPublished,
  RoomEvent.LocalTrackUnpublished,
  RoomEvent.TrackMuted,
  RoomEvent.TrackUnmuted,
] as const;

const METER_INTERVAL_MS = 80;

const muteButton = element<HTMLButtonElement>("mute");
const select = element<HTMLSelectElement>("mic-select");
const meter = element("mic-level");
const level = element("mic-level-bar");

/** The microphone of one call. */
export class Microphone {
  private stopMeter: () => void = () => undefined;
  private isClosed = false;

  /** `onChange` is called when `isLive` may have changed. */
  constructor(
    private readonly room: Room,
    onChange: () => void,
  ) {
    room.on(RoomEvent.MediaDevicesChanged, () => void this.listDevices());
    for (const event of CHANGES) room.on(event, onChange);
  }

  /** Whether the agent receives the caller's audio. */
  get isLive(): boolean {
    return this.track !== undefined && !this.track.isMuted;
  }

  /** Open it, muted if the caller has muted it before. Returns false if there is none or it was not allowed. */
  async open(): Promise<boolean> {
    try {
      const wanted = { audio: { echoCancellation: true, noiseSuppression: true } };
      for (const track of await this.room.localParticipant.createTracks(wanted)) {
        if (this.isClosed) track.stop(); // The caller allowed it after the call.
        else await this.publish(track);
      }
    } catch (error) {
      log(`no microphone: ${String(error)}`);
      return false;
    }
    if (this.isClosed) return true;
    this.setEnabled(true);
    await this.listDevices();
    this.startMeter();
    return true;
  }

  /** Stop the meter; the room stops the track. */
  close(): void {
    this.isClosed = true;
    this.stopMeter();
    this.setEnabled(false);
  }

  async toggleMute(): Promise<void> {
    const track = this.track;
    if (track === undefined) return;
    await (track.isMuted ? track.unmute() : track.mute());
    choose({ isMuted: track.isMuted });
    showMuted(track.isMuted);
    log(track.isMuted ? "microphone muted" : "microphone on");
  }

  async useDevice(deviceId: string): Promise<void> {
    await this.room.switchActiveDevice("audioinput", deviceId);
    this.startMeter();
  }

  private get track(): LocalAudioTrack | undefined {
    return this.room.localParticipant.getTrackPublication(Track.Source.Microphone)?.audioTrack as
      | LocalAudioTrack
      | undefined;
  }

  private async publish(track: LocalTrack): Promise<void> {
    if (choices().isMuted) await track.mute();
    await this.room.localParticipant.publishTrack(track);
    showMuted(track.isMuted);
  }

  private setEnabled(isEnabled: boolean): void {
    muteButton.disabled = select.disabled = !isEnabled;
    element("mic").hidden = !isEnabled;
  }

  private async listDevices(): Promise<void> {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const inputs = devices.filter((device) => device.kind === "audioinput");
    const active = this.room.getActiveDevice("audioinput");
    select.replaceChildren(
      ...inputs.map((device, index) => {
        const option = make("option", device.label || `Microphone ${index + 1}`, { value: device.deviceId });
        option.toggleAttribute("selected", device.deviceId === active);
        return option;
      }),
    );
  }

  private startMeter(): void {
    this.stopMeter();
    if (this.track === undefined) return;
    const { calculateVolume, cleanup } = createAudioAnalyser(this.track, { cloneTrack: true });
    const timer = setInterval(() => showLevel(this.isLive ? calculateVolume() : 0), METER_INTERVAL_MS);
    this.stopMeter = () => {
      clearInterval(timer);
      showLevel(0);
      void cleanup();
      this.stopMeter = () => undefined;
    };
  }
}

function showMuted(isMuted: boolean): void {
  muteButton.setAttribute("aria-pressed", String(isMuted));
  muteButton.textContent = isMuted ? "Unmute" : "Mute";
}

function showLevel(volume: number): void {
  const percent = Math.round(Math.min(1, volume * 1.6) * 100);
  meter.setAttribute("aria-valuenow", String(percent));
  level.style.transform = `scaleX(${percent / 100})`;
}
