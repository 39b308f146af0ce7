/** What is shown of a channel, from its integers: shades, figures and spread; in the worker. */
import { missingOf, type Packed } from "./decode";
import { MISSING } from "./palette";

export const BINS = 44; // of the spread beside the legend

export interface Painting {
  /** 0..254 on the scale, 255 where there is no value. */
  shades: Uint8Array<ArrayBuffer>;
  /** Mean of every rack's accelerators; only of channels of accelerators. */
  means: Float32Array<ArrayBuffer> | null;
  /** How many values lie in each part of the scale. */
  spread: Float64Array<ArrayBuffer>;
  known: number;
  least: number;
  most: number;
  mean: number;
}

/** Paint a channel on a scale; `firstGpu`: rows at which the racks' accelerators begin. */
export function paintingOf(column: Packed, low: number, high: number, firstGpu: Int32Array | null): Painting {
  const { integers, offset, scale, count } = column;
  const missing = missingOf(integers);
  const span = high > low ? high - low : 1;
  const shadeOf = (integer: number): number => {
    if (integer === missing) return MISSING;
    const scaled = ((integer * scale + offset - low) / span) * (MISSING - 1) + 0.5;
    return scaled !== scaled ? MISSING : scaled <= 0 ? 0 : scaled >= MISSING ? MISSING - 1 : Math.floor(scaled);
  };
  const shades = new Uint8Array(count);
  const spread = new Float64Array(BINS);
  let [known, least, most, sum] = [0, Infinity, -Infinity, 0];
  const note = (integer: number, times: number): void => {
    if (integer === missing || !times) return;
    known += times;
    sum += times * integer;
    least = Math.min(least, integer);
    most = Math.max(most, integer);
    const share = (integer * scale + offset - low) / span;
    if (share >= 0 && share <= 1) spread[Math.min(BINS - 1, Math.floor(share * BINS))] += times;
  };
  if (integers instanceof Int8Array) { // 256 integers there are: everything is known of them beforehand
    const table = Uint8Array.from({ length: 256 }, (_, byte) => shadeOf((byte << 24) >> 24));
    const times = new Uint32Array(256);
    const bytes = new Uint8Array(integers.buffer, integers.byteOffset, count);
    for (let k = 0; k < count; k++) {
      const byte = bytes[k];
      shades[k] = table[byte];
      times[byte] += 1;
    }
    times.forEach((number, byte) => note((byte << 24) >> 24, number));
  } else
    for (let k = 0; k < count; k++) {
      shades[k] = shadeOf(integers[k]);
      note(integers[k], 1);
    }
  return {
    shades, spread, known, least: least * scale + offset, most: most * scale + offset, mean: (sum / known) * scale + offset,
    means: column.level === "gpu" && firstGpu ? rackMeans(column, firstGpu) : null,
  };
}

function rackMeans({ integers, offset, scale, start, count }: Packed, firstGpu: Int32Array): Float32Array<ArrayBuffer> {
  const missing = missingOf(integers);
  const means = new Float32Array(firstGpu.length - 1);
  for (let rack = 0; rack < means.length; rack++) {
    let [sum, known] = [0, 0];
    const last = Math.min(firstGpu[rack + 1] - start, count);
    for (let k = Math.max(0, firstGpu[rack] - start); k < last; k++) {
      const integer = integers[k];
      if (integer === missing) continue;
      sum += integer;
      known += 1;
    }
    means[rack] = known ? (sum / known) * scale + offset : NaN;
  }
  return means;
}
