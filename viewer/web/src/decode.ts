/** Frames of the stream `twin.v1`. */
import type { Painting } from "./painting";

export type Integers = Int8Array<ArrayBuffer> | Int16Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

/** Values of one channel as they come: value = offset + scale * integer, the smallest is missing. */
export interface Packed {
  name: string;
  level: string;
  start: number;
  count: number;
  offset: number;
  scale: number;
  integers: Integers;
  /** Only of the channel that is shown. */
  painting?: Painting;
}

/** The integer that stands for a missing value. */
export const missingOf = (integers: Integers): number => -(2 ** (8 * integers.BYTES_PER_ELEMENT - 1));

/** A channel's values, made into floats when somebody asks for them. */
export class Column {
  painting?: Painting;
  private floats: Float32Array<ArrayBuffer> | null = null;

  constructor(readonly packed: Packed) {
    this.painting = packed.painting;
  }

  get name(): string {
    return this.packed.name;
  }

  get values(): Float32Array<ArrayBuffer> {
    if (!this.floats) {
      const { integers, offset, scale, count } = this.packed;
      const missing = missingOf(integers);
      this.floats = new Float32Array(count);
      for (let k = 0; k < count; k++) this.floats[k] = integers[k] === missing ? NaN : integers[k] * scale + offset;
    }
    return this.floats;
  }
}

export interface Frame extends Omit<PackedFrame, "channels"> {
  channels: Column[];
}

export interface PackedFrame {
  sequence: number;
  time: number;
  wall: number;
  speed: number;
  paused: boolean;
  digest: string;
  kpi: Record<string, number>;
  channels: Packed[];
}

interface Row {
  name: string;
  level: string;
  start: number;
  count: number;
  offset: number;
  scale: number;
  dtype: "|i1" | "<i2" | "<i4";
  byte: number;
}

const MAGIC = 0x314e5754; // "TWN1", little endian
const LARGEST_HEADER = 1 << 16;
const LARGEST_PAYLOAD = 1 << 26;
const BYTES = { "|i1": 1, "<i2": 2, "<i4": 4 };

/** Decode one frame; rejects with an Error that says what is wrong with it. */
export async function decodeFrame(data: ArrayBuffer): Promise<PackedFrame> {
  const view = new DataView(data);
  if (data.byteLength < 8 || view.getUint32(0, true) !== MAGIC) throw new Error("not a twin.v1 frame");
  const length = view.getUint32(4, true);
  if (length > LARGEST_HEADER || 8 + length > data.byteLength) throw new Error("frame cut short");
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 8, length)));
  const rows = header.channels as Row[];
  const size = Math.max(0, ...rows.map((row) => row.byte + row.count * BYTES[row.dtype]));
  if (!(size <= LARGEST_PAYLOAD)) throw new Error(`frame of ${size} bytes`);
  const body = new Uint8Array(data, 8 + length);
  const payload = header.compression === "none" ? body : await inflated(body, header.compression, size);
  if (payload.length < size) throw new Error("frame payload too short");
  return {
    sequence: header.sequence, time: header.time, wall: header.wall, speed: header.speed,
    paused: header.paused, digest: header.digest, kpi: header.kpi,
    channels: rows.map(({ name, level, start, count, offset, scale, dtype, byte }) => {
      const own = payload.slice(byte, byte + count * BYTES[dtype]).buffer;
      const integers = dtype === "|i1" ? new Int8Array(own) : dtype === "<i2" ? new Int16Array(own) : new Int32Array(own);
      return { name, level, start, count, offset, scale, integers };
    }),
  };
}

/** What the browser itself decompresses: several times as fast as anything written in JavaScript. */
async function inflated(body: Uint8Array<ArrayBuffer>, compression: string, size: number): Promise<Uint8Array<ArrayBuffer>> {
  if (compression !== "deflate") throw new Error(`compression ${compression}`);
  const reader = new Blob([body]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const out = new Uint8Array(size);
  for (let at = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return out.subarray(0, at);
    if (at + value.length > size) throw new Error("frame payload too long");
    out.set(value, at);
    at += value.length;
  }
}
