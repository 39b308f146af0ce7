/** REST calls of one session; the token, where one is needed, comes from the address or a question. */
import type { RawScene } from "./scene_types";
import type { TwinEvent } from "./stream";

export interface ElementState {
  path: string;
  level: string;
  index: number;
  time: number;
  values: Record<string, number | null>;
  controls: Record<string, number | null>;
}

export interface Control {
  kind: "set" | "fault";
  level: string;
  key: string;
  unit?: string;
  low?: number | null;
  high?: number | null;
  description: string;
  example?: string; // of a value that is sent as text with its unit
}

export class HttpError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

const STORED = "twin.token";
const MOST_PAGES = 20; // of 1000 events

export class Api {
  token: string | null;

  constructor(public session: string | null) {
    const given = new URLSearchParams(location.hash.slice(1)).get("token");
    if (given) {
      sessionStorage.setItem(STORED, given);
      history.replaceState(null, "", location.pathname + location.search);
    }
    this.token = sessionStorage.getItem(STORED);
  }

  keepToken(token: string): void {
    sessionStorage.setItem(STORED, token);
    this.token = token;
  }

  private url(path: string, query: Record<string, string> = {}): string {
    const all = new URLSearchParams(query);
    if (this.session) all.set("session", this.session);
    const text = all.toString();
    return `api/${path}${text ? `?${text}` : ""}`;
  }

  get websocket(): string {
    const url = new URL("ws", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.hash = "";
    url.search = this.session ? `?session=${encodeURIComponent(this.session)}` : "";
    return url.href;
  }

  async get(path: string, query: Record<string, string> = {}): Promise<Response> {
    const headers: Record<string, string> = this.token ? { Authorization: `Bearer ${this.token}` } : {};
    const response = await fetch(this.url(path, query), { headers });
    if (!response.ok) {
      const body = await response.json().catch(() => ({}));
      throw new HttpError(response.status, body.message ?? response.statusText);
    }
    return response;
  }

  async scene(): Promise<RawScene> {
    const scene = await (await this.get("scene")).json();
    if (scene.schema !== "twin.scene/1") throw new Error(`the server speaks ${scene.schema}, not twin.scene/1`);
    return scene;
  }

  async mesh(product: string, detail: number, digest: string): Promise<ArrayBuffer> {
    return (await this.get(`mesh/${encodeURIComponent(product)}/${detail}.glb`, { digest })).arrayBuffer();
  }

  async element(path: string): Promise<ElementState> {
    return (await this.get("element", { path })).json();
  }

  async history(path: string, channel: string): Promise<{ times: number[]; values: (number | null)[] }> {
    return (await this.get("history", { path, channel, limit: "400" })).json();
  }

  async oneLine(site: number): Promise<string> {
    return (await this.get("one-line.svg", { site: String(site) })).text();
  }

  async controls(): Promise<Control[]> {
    return (await this.get("controls")).json();
  }

  /** Every event there is, oldest first. */
  async events(): Promise<TwinEvent[]> {
    const all: TwinEvent[] = [];
    for (let page = 0; page < MOST_PAGES; page++) {
      const rows: TwinEvent[] = await (await this.get("events", { since: String(all.at(-1)?.number ?? 0) })).json();
      all.push(...rows);
      if (rows.length < 1000) break;
    }
    return all;
  }

  async sessions(): Promise<{ id: string; title: string }[]> {
    return (await this.get("sessions")).json();
  }
}
