/** The caller's microphone: on and off, which one, and how loud it is. */

import { createAudioAnalyser, type LocalAudioTrack, type Room, RoomEvent, Track } from "livekit-client";
import { element, make } from "./dom";
import { log } from "./log";

const muteButton = element<HTMLButtonElement>("mute");
const select = element<HTMLSelectElement>("mic-select");
const meter = element("mic-level");
const level = element("mic-level-bar");

/** The microphone of one call. */
export class Microphone {
  private stopMeter: () => void = () => undefined;
  private isClosed = false;

  constructor(private readonly room: Room) {
    room.on(RoomEvent.MediaDevicesChanged, () => void this.listDevices());
  }

  /** Open it. False if there is none, or the caller does not want to: the call goes on in writing. */
  async open(): Promise<boolean> {
    try {
      const wanted = { audio: { echoCancellation: true, noiseSuppression: true } };
      for (const track of await this.room.localParticipant.createTracks(wanted)) {
        if (this.isClosed) track.stop(); // it was allowed after the call
        else await this.room.localParticipant.publishTrack(track);
      }
    } catch (error) {
      log(`no microphone: ${String(error)}`);
      return false;
    }
    if (this.isClosed) return true;
    muteButton.disabled = select.disabled = false;
    await this.listDevices();
    this.startMeter();
    return true;
  }

  /** Close the meter; the track goes with the room. */
  close(): void {
    this.isClosed = true;
    this.stopMeter();
    muteButton.disabled = select.disabled = true;
    this.showMuted(false);
  }

  async toggle(): Promise<void> {
    const track = this.track;
    if (track === undefined) return;
    await (track.isMuted ? track.unmute() : track.mute());
    this.showMuted(track.isMuted);
    log(track.isMuted ? "microphone muted" : "microphone on");
  }

  async choose(deviceId: string): Promise<void> {
    await this.room.switchActiveDevice("audioinput", deviceId);
    this.startMeter();
  }

  private get track(): LocalAudioTrack | undefined {
    return this.room.localParticipant.getTrackPublication(Track.Source.Microphone)?.audioTrack as
      | LocalAudioTrack
      | undefined;
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
    const timer = setInterval(() => showLevel(this.track?.isMuted ? 0 : calculateVolume()), 80);
    this.stopMeter = () => {
      clearInterval(timer);
      showLevel(0);
      void cleanup();
      this.stopMeter = () => undefined;
    };
  }

  private showMuted(isMuted: boolean): void {
    muteButton.setAttribute("aria-pressed", String(isMuted));
    muteButton.textContent = isMuted ? "Unmute" : "Mute";
  }
}

function showLevel(volume: number): void {
  const percent = Math.round(Math.min(1, volume * 1.6) * 100);
  meter.setAttribute("aria-valuenow", String(percent));
  level.style.transform = `scaleX(${percent / 100})`;
}
