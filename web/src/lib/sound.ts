// The loss as a tone, for those who do not look: the lower the loss, the lower the tone; silence while nothing learns.

const LOWEST = 110; // Hz
const OCTAVES = 3;
const EVERY = 150; // ms from tone to tone

let audio: AudioContext | null = null;
let last = 0;

/** The tone of a loss between nothing and what the training began with. */
export function pitch(loss: number, first: number): number | null {
  if (!Number.isFinite(loss) || !(first > 0)) return null;
  return LOWEST * 2 ** (OCTAVES * Math.min(1, Math.max(0, loss / first)));
}

/** Sound the loss, unless it has just been sounded. */
export function sound(loss: number, first: number): void {
  const tone = pitch(loss, first);
  const now = performance.now();
  if (tone === null || now - last < EVERY) return;
  last = now;
  audio ??= new AudioContext();
  const [oscillator, volume] = [audio.createOscillator(), audio.createGain()];
  oscillator.frequency.value = tone;
  volume.gain.setValueAtTime(0.08, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.12);
  oscillator.connect(volume).connect(audio.destination);
  oscillator.start();
  oscillator.stop(audio.currentTime + 0.13);
}
