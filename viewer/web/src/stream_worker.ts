/** The websocket, off the main thread: connects, connects again, decodes and paints frames. */
import { decodeFrame } from "./decode";
import { paintingOf } from "./painting";

export interface Shown {
  channel: string;
  low: number;
  high: number;
  /** Rows at which the racks' accelerators begin. */
  firstGpu: Int32Array;
}

export type ToWorker =
  | { type: "open"; url: string; token: string | null }
  | { type: "send"; message: object }
  | { type: "subscribe"; message: object }
  | { type: "shown"; shown: Shown | null };

const FIRST_WAIT = 300; // ms before the first new attempt
const LONGEST_WAIT = 4000;
const SILENT = 15_000; // ms an attempt to connect may take
const QUIET = 6000; // ms without a word after which the server is asked for one; after twice that it is gone

let socket: WebSocket | null = null;
let url = "";
let token: string | null = null;
let wait = FIRST_WAIT;
let shown: Shown | null = null;
let subscription: object | null = null;

let newest: { data: ArrayBuffer; own: WebSocket } | null = null;
let decoding = false;
let heard = 0; // when the server last said something
let asked = false; // whether it has been asked since

/** Decode the newest frame, and again as long as newer ones have come meanwhile. */
async function decode(): Promise<void> {
  decoding = true;
  while (newest) {
    const { data, own } = newest;
    newest = null;
    const began = performance.now();
    try {
      const frame = await decodeFrame(data);
      const buffers: Transferable[] = [];
      for (const column of frame.channels) {
        buffers.push(column.integers.buffer);
        if (!shown || column.name !== shown.channel) continue;
        column.painting = paintingOf(column, shown.low, shown.high, shown.firstGpu);
        const { shades, means, spread } = column.painting;
        buffers.push(shades.buffer, spread.buffer, ...(means ? [means.buffer] : []));
      }
      const milliseconds = performance.now() - began;
      if (socket === own) postMessage({ type: "frame", frame, bytes: data.byteLength, milliseconds }, buffers);
    } catch (error) {
      postMessage({ type: "bad", message: String(error) });
    }
  }
  decoding = false;
}

function connect(): void {
  const protocols = ["twin.v1"];
  if (token) protocols.push(`twin.token.${token}`);
  const own = new WebSocket(url, protocols);
  socket = own;
  own.binaryType = "arraybuffer";
  const giveUp = setTimeout(() => own.close(), SILENT);
  own.onopen = () => {
    clearTimeout(giveUp);
    heard = performance.now();
  };
  own.onmessage = ({ data }) => {
    heard = performance.now();
    asked = false;
    if (typeof data === "string") {
      const message = JSON.parse(data);
      if (message.type === "hello") {
        wait = FIRST_WAIT;
        if (subscription) own.send(JSON.stringify(subscription));
      }
      postMessage({ type: "text", message });
      return;
    }
    newest = { data, own };
    if (!decoding) void decode();
  };
  own.onclose = (event) => {
    clearTimeout(giveUp);
    if (socket === own) lost(event.code, event.reason);
  };
}

function lost(code: number, reason: string): void {
  socket = null;
  asked = false;
  postMessage({ type: "closed", code, reason });
  setTimeout(connect, wait);
  wait = Math.min(LONGEST_WAIT, wait * 1.6);
}

/** A connection that was cut on the way never closes by itself, and a browser asks nothing. */
setInterval(() => {
  if (socket?.readyState !== WebSocket.OPEN || !subscription) return;
  const silent = performance.now() - heard;
  if (silent > 2 * QUIET) {
    const gone = socket;
    lost(1006, "the server is silent");
    gone.close();
  } else if (silent > QUIET && !asked) {
    asked = true;
    socket.send(JSON.stringify(subscription));
  }
}, 1000);

onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === "open") {
    ({ url, token } = data);
    const before = socket;
    socket = null;
    before?.close();
    connect();
  } else if (data.type === "shown") {
    shown = data.shown;
  } else if (data.type === "subscribe") {
    subscription = data.message;
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(data.message));
  } else if (socket?.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify(data.message));
  } else {
    const id = (data.message as { id?: unknown }).id ?? null;
    postMessage({ type: "text", message: { type: "error", id, message: "not connected" } });
  }
};
