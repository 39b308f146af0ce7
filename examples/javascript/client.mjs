// A client of a live twin in plain JavaScript: no library, for browsers and for Node 22 or later
// (Node 20: node --experimental-websocket). See docs/PROTOCOL.md.
//
//   node examples/javascript/client.mjs ws://127.0.0.1:8000 rack.power site.pue

const INTEGERS = {
  "|i1": { bytes: 1, read: (view, at) => view.getInt8(at), missing: -128 },
  "<i2": { bytes: 2, read: (view, at) => view.getInt16(at, true), missing: -32768 },
  "<i4": { bytes: 4, read: (view, at) => view.getInt32(at, true), missing: -2147483648 },
};
const LARGEST_HEADER = 65536;

/** Decode a frame (ArrayBuffer) into its header with `values`: Float32Array by channel name. */
export async function decodeFrame(buffer) {
  const bytes = new Uint8Array(buffer);
  if (bytes.length < 8 || String.fromCharCode(...bytes.subarray(0, 4)) !== "TWN1") {
    throw new Error("not a twin.v1 frame");
  }
  const length = new DataView(buffer).getUint32(4, true);
  if (length > LARGEST_HEADER || 8 + length > bytes.length) throw new Error("frame cut short");
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const payload = await decompress(bytes.subarray(8 + length), header.compression);
  const view = new DataView(payload);
  const values = {};
  for (const { name, count, offset, scale, dtype, byte } of header.channels) {
    const type = INTEGERS[dtype];
    if (!type || byte + count * type.bytes > payload.byteLength) throw new Error("bad channel");
    const column = new Float32Array(count);
    for (let i = 0; i < count; i += 1) {
      const integer = type.read(view, byte + i * type.bytes);
      column[i] = integer === type.missing ? NaN : offset + scale * integer;
    }
    values[name] = column;
  }
  return { ...header, values };
}

async function decompress(bytes, compression) {
  if (compression === "none") return new Uint8Array(bytes).buffer;
  if (compression !== "deflate") throw new Error(`ask for deflate or none, not ${compression}`);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/** One connection; comes back by itself after it was lost and asks again for what was seen. */
export class TwinClient {
  constructor(address, { token = null, onFrame = null, onEvent = null, onHello = null } = {}) {
    Object.assign(this, { token, onFrame, onEvent, onHello });
    this.address = `${address.replace(/^http/, "ws").replace(/\/$/, "")}/ws`;
    this.subscription = null;
    this.answers = new Map();
    this.nextId = 1;
    this.wait = 200;
    this.closed = false;
    this.ready = new Promise((resolve) => { this.isReady = resolve; });
    this.connect();
  }

  connect() {
    const protocols = ["twin.v1", ...(this.token ? [`twin.token.${this.token}`] : [])];
    this.socket = new WebSocket(this.address, protocols);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = ({ data }) => this.take(data);
    this.socket.onerror = () => {};
    this.socket.onclose = () => {
      for (const { reject } of this.answers.values()) reject(new Error("connection lost"));
      this.answers.clear();
      if (this.closed) return;
      setTimeout(() => this.connect(), this.wait);
      this.wait = Math.min(2 * this.wait, 5000);
    };
  }

  async take(data) {
    if (typeof data !== "string") {
      if (this.onFrame) this.onFrame(await decodeFrame(data));
      return;
    }
    const message = JSON.parse(data);
    if (message.type === "hello") {
      this.wait = 200;
      this.hello = message;
      if (this.subscription) this.ask(this.subscription).catch(() => {});
      this.isReady(message);
      if (this.onHello) this.onHello(message);
    } else if (message.type === "event") {
      if (this.onEvent) this.onEvent(message);
    } else if (this.answers.has(message.id)) {
      const { resolve, reject } = this.answers.get(message.id);
      this.answers.delete(message.id);
      if (message.type === "ack") resolve(message);
      else reject(new Error([message.message, message.allowed].filter(Boolean).join("; ")));
    }
  }

  ask(message) {
    const id = this.nextId;
    this.nextId += 1;
    return new Promise((resolve, reject) => {
      this.answers.set(id, { resolve, reject });
      this.socket.send(JSON.stringify({ ...message, id }));
    });
  }

  /** Ask for channels; resolves to the rows each will have. */
  async subscribe(channels, options = {}) {
    await this.ready;
    this.subscription = { type: "subscribe", channels, compression: "deflate", ...options };
    return this.ask(this.subscription);
  }

  /** Carry out a command: set, inject, clear, pause, resume, step, speed, seek. */
  async command(name, { path, key, value } = {}) {
    await this.ready;
    return this.ask({ type: "command", name, path, key, value });
  }

  close() {
    this.closed = true;
    this.socket.close();
  }
}

const isProgram = typeof process !== "undefined" && process.argv[1]
  && import.meta.url.endsWith(process.argv[1].split("/").pop());
if (isProgram) {
  const [address = "ws://127.0.0.1:8000", ...wanted] = process.argv.slice(2);
  const channels = wanted.length ? wanted : ["site.pue", "rack.power"];
  const most = Number(process.env.FRAMES || Infinity);
  let frames = 0;
  const client = new TwinClient(address, {
    onEvent: (event) => console.error(`${event.time} s ${event.path} ${event.message}`),
    onFrame: (frame) => {
      const line = { time: frame.time, paused: frame.paused };
      for (const [name, column] of Object.entries(frame.values)) {
        const known = column.filter((value) => !Number.isNaN(value));
        const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
        line[name] = { count: column.length, mean, max: Math.max(...known.slice(0, 100000)) };
      }
      console.log(JSON.stringify(line));
      frames += 1;
      if (frames >= most) client.close();
    },
  });
  client.subscribe(channels, { rate: 5 }).catch((error) => {
    console.error(error.message);
    client.close();
  });
}
