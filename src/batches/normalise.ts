import type { Channel } from '../normalisation.js';

/** Writes a photo's normalised numbers into a row of the same length. */
export function normaliseInto(photo: Uint8Array, row: Float32Array, channels: readonly Channel[]): void {
  for (const [channel, { from, scale, shift }] of channels.entries()) {
    for (let at = 0; at < photo.length; at += 3) row[at + channel] = photo[at + from]! * scale + shift;
  }
}
