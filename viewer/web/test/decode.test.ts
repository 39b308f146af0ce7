import { deflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { Column, decodeFrame, type Packed } from "../src/decode";
import { paintingOf } from "../src/painting";

const BYTES = [0x80, 0, 5, 127, 0xff]; // missing, 0, 5, 127, -1

function frame(compression: string, payload: Uint8Array, count = 5): ArrayBuffer {
  const header = new TextEncoder().encode(JSON.stringify({
    sequence: 1, time: 2, wall: 3, speed: 1, paused: false, digest: "d", kpi: {}, compression,
    channels: [{ name: "gpu.temperature", level: "gpu", start: 0, count, offset: 60, scale: 0.5, dtype: "|i1", byte: 0 }],
  }));
  const out = new Uint8Array(8 + header.length + payload.length);
  out.set(new TextEncoder().encode("TWN1"));
  new DataView(out.buffer).setUint32(4, header.length, true);
  out.set(header, 8);
  out.set(payload, 8 + header.length);
  return out.buffer;
}

test.each(["none", "deflate"])("a frame packed as %s has its values", async (compression) => {
  const raw = Uint8Array.from(BYTES);
  const { channels } = await decodeFrame(frame(compression, compression === "none" ? raw : new Uint8Array(deflateSync(raw))));
  expect([...new Column(channels[0]).values]).toEqual([NaN, 60, 62.5, 123.5, 59.5]);
});

test("a frame that is cut short, too long or packed otherwise is refused", async () => {
  const raw = Uint8Array.from(BYTES);
  await expect(decodeFrame(frame("none", raw, 6))).rejects.toThrow("too short");
  await expect(decodeFrame(frame("deflate", new Uint8Array(deflateSync(raw)), 4))).rejects.toThrow("too long");
  await expect(decodeFrame(frame("brotli", raw))).rejects.toThrow("brotli");
  await expect(decodeFrame(new ArrayBuffer(4))).rejects.toThrow("not a twin.v1 frame");
});

test.each([Int8Array, Int16Array, Int32Array])("shades and figures are those of the values (%o)", (Kind) => {
  const missing = -(2 ** (8 * Kind.BYTES_PER_ELEMENT - 1));
  const integers = Kind.from([missing, -100, 0, 50, 100, 50]) as Packed["integers"];
  const packed = { name: "gpu.power", level: "gpu", start: 0, count: 6, offset: 100, scale: 1, integers };
  const painting = paintingOf(packed, 50, 150, Int32Array.of(0, 3, 6));
  expect([...painting.shades]).toEqual([255, 0, 127, 254, 254, 254]);
  expect([painting.known, painting.least, painting.most, painting.mean]).toEqual([5, 0, 200, 120]);
  expect([...painting.means!]).toEqual([50, 100 + 200 / 3].map(Math.fround));
  expect(painting.spread.reduce((sum, n) => sum + n, 0)).toBe(3); // what lies on the scale
});
