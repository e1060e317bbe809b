/** A soft sound for a new question, made by WebAudio, off unless somebody turned it on. */
import { signal } from "@preact/signals";

const KEY = "sentinel.sound";
export const sound = signal(stored());

let context: AudioContext | null = null;

export function setSound(on: boolean): void {
  sound.value = on;
  try {
    if (on) localStorage.setItem(KEY, "on");
    else localStorage.removeItem(KEY);
  } catch {
    // Storage is off: the choice lasts as long as the page.
  }
  // A sample at once: it says what was chosen, and browsers allow sound after a click only.
  if (on) chime();
}

/** Two notes, quiet, half a second. */
export function chime(): void {
  if (!sound.value) return;
  try {
    context ??= new AudioContext();
    void context.resume();
    note(context, 660, 0);
    note(context, 880, 0.14);
  } catch {
    // No sound device: the title and the badge say the same.
  }
}

function note(audio: AudioContext, hertz: number, after: number): void {
  const begin = audio.currentTime + after;
  const tone = audio.createOscillator();
  const loudness = audio.createGain();
  tone.type = "sine";
  tone.frequency.value = hertz;
  loudness.gain.setValueAtTime(0, begin);
  loudness.gain.linearRampToValueAtTime(0.06, begin + 0.02);
  loudness.gain.exponentialRampToValueAtTime(0.0005, begin + 0.4);
  tone.connect(loudness).connect(audio.destination);
  tone.start(begin);
  tone.stop(begin + 0.45);
}

function stored(): boolean {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch {
    return false;
  }
}
