/** Frames of the stream `twin.v1`. */
import { decompress } from "fzstd";

export interface Column {
  name: string;
  level: string;
  start: number;
  count: number;
  values: Float32Array<ArrayBuffer>;
  /** Shades on the scale asked for; only for the channel that is shown. */
  shades?: Uint8Array<ArrayBuffer>;
}

export interface Frame {
  sequence: number;
  time: number;
  wall: number;
  speed: number;
  paused: boolean;
  digest: string;
  kpi: Record<string, number>;
  channels: Column[];
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

/** Decode one frame; throws an Error that says what is wrong with it. */
export function decodeFrame(data: ArrayBuffer): Frame {
  const view = new DataView(data);
  if (data.byteLength < 8 || view.getUint32(0, true) !== MAGIC) throw new Error("not a twin.v1 frame");
  const length = view.getUint32(4, true);
  if (length > LARGEST_HEADER || 8 + length > data.byteLength) throw new Error("frame cut short");
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 8, length)));
  const rows = header.channels as Row[];
  const size = Math.max(0, ...rows.map((row) => row.byte + row.count * BYTES[row.dtype]));
  if (!(size <= LARGEST_PAYLOAD)) throw new Error(`frame of ${size} bytes`);
  const body = new Uint8Array(data, 8 + length);
  let payload: Uint8Array = body;
  if (header.compression === "zstd") payload = size ? decompress(body, new Uint8Array(size)) : body;
  else if (header.compression !== "none") throw new Error(`compression ${header.compression}`);
  if (payload.length < size) throw new Error("frame payload too short");
  return {
    sequence: header.sequence, time: header.time, wall: header.wall, speed: header.speed,
    paused: header.paused, digest: header.digest, kpi: header.kpi,
    channels: rows.map((row) => ({
      name: row.name, level: row.level, start: row.start, count: row.count,
      values: floats(payload, row),
    })),
  };
}

function floats(payload: Uint8Array, row: Row): Float32Array<ArrayBuffer> {
  const out = new Float32Array(row.count);
  const { scale, offset, count } = row;
  const bytes = BYTES[row.dtype];
  const first = payload.byteOffset + row.byte;
  const missing = -(2 ** (8 * bytes - 1));
  const aligned = first % bytes === 0
    ? { buffer: payload.buffer, byte: first }
    : { buffer: payload.slice(row.byte, row.byte + count * bytes).buffer, byte: 0 };
  const integers =
    bytes === 1 ? new Int8Array(aligned.buffer, aligned.byte, count)
    : bytes === 2 ? new Int16Array(aligned.buffer, aligned.byte, count)
    : new Int32Array(aligned.buffer, aligned.byte, count);
  for (let k = 0; k < count; k++) {
    const integer = integers[k];
    out[k] = integer === missing ? NaN : integer * scale + offset;
  }
  return out;
}
