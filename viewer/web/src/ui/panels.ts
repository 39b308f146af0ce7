/** What is shown and how: channel, cameras, search, time, events, help, notices. */
import { clock } from "../numbers";
import { KEYS, PRESETS, SPEEDS, type Theme } from "../palette";
import type { SceneModel } from "../scene_model";
import type { Element } from "../scene_types";
import type { TwinEvent } from "../stream";
import { h, icon, write } from "./dom";
import { Timeline } from "./timeline";

const LEVELS: Record<string, string> = {
  gpu: "GPU", rack: "Rack", cdu: "CDU", row: "Row", panel: "Panel", crah: "Air handler", hall: "Hall", ups: "UPS",
  hall_transformer: "Hall transformer", plant_transformer: "Plant transformer", site_transformer: "Main transformer",
  plant: "Plant", cooler: "Cooler", pump: "Pump", chiller: "Chiller", site: "Site",
};

export type Toggle = "fit" | "labels" | "flow" | "heat" | "theme" | "fly" | "help" | "power" | "isolate" | "measure" | "cut"
  | "place" | "film" | "picture" | "air" | "beside";

export interface ChooserHost {
  showChannel(name: string | null): void;
  usePreset(name: string): void;
  toggle(what: Toggle): void;
  find(element: Element): void;
}

export class Chooser {
  readonly root = h("section", { id: "chooser", className: "card" });
  readonly search = h("input", { type: "search", placeholder: "Find by path, e.g. rack-03", id: "search",
    autocomplete: "off", "aria-label": "Find by path" });
  private channel = h("select", { id: "channel", "aria-label": "Channel" });
  private found = h("ul", { className: "found", hidden: true });
  private presets = h("div", { className: "presets" });
  private kept = h("div", { className: "presets kept", hidden: true });
  private toggles = new Map<string, HTMLButtonElement>();
  private model!: SceneModel;
  private marked = 0;

  constructor(private host: ChooserHost) {
    this.channel.addEventListener("change", () => {
      host.showChannel(this.channel.value || null);
      this.channel.blur();
    });
    PRESETS.forEach((name, k) => this.presets.append(h("button", { type: "button", "data-preset": name,
      title: `Camera: ${name} (${k + 1})`, onclick: () => host.usePreset(name) }, name)));
    const toggle = (what: Parameters<ChooserHost["toggle"]>[0], text: string, title: string) => {
      const button = h("button", { type: "button", title, "data-toggle": what, onclick: () => host.toggle(what) }, text);
      this.toggles.set(what, button);
      return button;
    };
    this.search.addEventListener("input", () => this.look());
    this.search.addEventListener("keydown", (event) => this.key(event));
    this.search.addEventListener("blur", () => setTimeout(() => { this.found.hidden = true; }, 150));
    this.root.append(
      h("label", {}, h("span", { className: "muted" }, "Colour by"), this.channel),
      h("div", { className: "searching" }, this.search, this.found), this.presets, this.kept,
      h("div", { className: "toggles" }, toggle("fit", "fit range", "Colour range: the channel's, or fitted (a)"),
        toggle("labels", "labels", "Labels on or off (l)"),
        toggle("flow", "flow", "Arrows along pipes (o)"),
        toggle("air", "air", "Air in the aisles: slices upright, level, both, off (e)"),
        toggle("beside", "beside", "Another session beside this one; again: the difference (d)"),
        toggle("heat", "heat path", "From the die of the picked accelerator to the sky (k)"), toggle("power", "power", "One-line diagram of the power chain (w)"),
        toggle("isolate", "isolate", "Only what is picked; ctrl + click picks several (i)"),
        toggle("measure", "measure", "Distance between two clicks (m)"), toggle("cut", "cut", "Cut open: x, y, level, off (x)"),
        toggle("fly", "fly / walk", "Orbit, fly, walk on the floor (g)"), toggle("place", "keep place", "Keep this place of the camera (b)"),
        toggle("picture", "picture", "Save a picture (s)"), toggle("film", "film", "Film the view; again: save it (V)"),
        toggle("theme", "theme", "Dark or light (t)"), toggle("help", "keys", "Keys (h)")),
    );
  }

  setModel(model: SceneModel): void {
    this.model = model;
    this.channel.replaceChildren(h("option", { value: "" }, "own colours"));
    const groups = new Map<string, HTMLOptGroupElement>();
    for (const channel of model.shownChannels) {
      let group = groups.get(channel.level);
      if (!group) {
        group = h("optgroup", { label: LEVELS[channel.level] ?? channel.level });
        groups.set(channel.level, group);
        this.channel.append(group);
      }
      group.append(h("option", { value: channel.name, title: channel.description }, channel.title));
    }
  }

  state(on: Record<string, boolean>, channel: string | null, preset: string): void {
    for (const [what, button] of this.toggles) button.classList.toggle("on", Boolean(on[what]));
    this.channel.value = channel ?? "";
    for (const button of this.presets.children) button.classList.toggle("on", (button as HTMLElement).dataset.preset === preset);
  }

  /** Buttons of the kept places of the camera. */
  places(count: number, go: (index: number) => void, remove: (index: number) => void): void {
    this.kept.hidden = !count;
    this.kept.replaceChildren(h("span", { className: "muted" }, "places"), ...Array.from({ length: count }, (_, k) =>
      h("button", { type: "button", title: "Go there; right click: forget it", "data-place": k, onclick: () => go(k),
        oncontextmenu: (event: Event) => {
          event.preventDefault();
          remove(k);
        } }, String(k + 1))));
  }

  private look(): void {
    const hits = this.model.search(this.search.value);
    this.marked = 0;
    this.found.replaceChildren(...hits.map((element, k) => h("li", { className: k ? "" : "on",
      onmousedown: () => this.take(element) }, this.model.path(element))));
    if (!hits.length && this.search.value.trim()) this.found.append(h("li", { className: "muted" }, "nothing found"));
    this.found.hidden = !this.search.value.trim();
  }

  private key(event: KeyboardEvent): void {
    event.stopPropagation();
    const hits = this.model.search(this.search.value);
    if (event.key === "Escape") this.search.blur();
    else if (event.key === "Enter" && hits[this.marked]) this.take(hits[this.marked]);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.marked = Math.max(0, Math.min(hits.length - 1, this.marked + (event.key === "ArrowDown" ? 1 : -1)));
      [...this.found.children].forEach((item, k) => item.classList.toggle("on", k === this.marked));
    }
  }

  private take(element: Element): void {
    this.search.value = "";
    this.found.hidden = true;
    this.search.blur();
    this.host.find(element);
  }
}

export class TimeBar {
  readonly root = h("section", { id: "time", className: "card" });
  private pause = h("button", { type: "button", id: "pause", title: "Pause or resume (space)" });
  private drawn: boolean | null = null;
  private speed = h("select", { id: "speed", title: "Simulated seconds per second (+ / -)", "aria-label": "Speed" });
  private now = h("b", { id: "clock" });
  private asked: number | "max" = 1;
  readonly line: Timeline;

  constructor(private host: { pause(): void; step(): void; setSpeed(speed: number | "max"): void;
    seek(time: number): void; theme(): Theme }) {
    this.line = new Timeline(host);
    for (const speed of SPEEDS) this.speed.append(h("option", { value: String(speed) }, `${speed.toLocaleString("en-US")} x`));
    this.speed.append(h("option", { value: "max" }, "max"));
    this.pause.addEventListener("click", () => host.pause());
    this.speed.addEventListener("change", () => {
      host.setSpeed(this.speed.value === "max" ? "max" : Number(this.speed.value));
      this.speed.blur();
    });
    this.root.append(
      h("div", { className: "buttons" },
        h("button", { type: "button", id: "earlier", title: "To the event before ([)", onclick: () => this.event(-1) }, icon("before")),
        this.pause, h("button", { type: "button", id: "step", title: "One step (.)", onclick: () => host.step() }, icon("step")),
        h("button", { type: "button", id: "later", title: "To the next event (])", onclick: () => this.event(1) }, icon("after")),
        this.now, this.speed),
      this.line.root,
    );
  }

  /** Go to the next (1) or the last (-1) event. */
  event(step: number): void {
    const time = this.line.event(step);
    if (time !== null) this.host.seek(time);
  }

  update(time: number, paused: boolean): void {
    write(this.now, clock(time));
    this.line.update(time);
    if (paused === this.drawn) return;
    this.drawn = paused;
    this.pause.replaceChildren(icon(paused ? "play" : "pause"));
    this.pause.setAttribute("aria-label", paused ? "Resume" : "Pause");
    this.root.classList.toggle("paused", paused);
  }

  set(speed: number | "max"): void {
    this.asked = speed;
    const text = String(speed);
    if (![...this.speed.options].some((option) => option.value === text))
      this.speed.prepend(h("option", { value: text }, `${speed} x`));
    this.speed.value = text;
  }

  faster(by: number): void {
    if (this.asked === "max") {
      if (by < 0) this.host.setSpeed(SPEEDS[SPEEDS.length - 1]);
      return;
    }
    const here = SPEEDS.findIndex((speed) => speed >= (this.asked as number) * (1 - 1e-9));
    const next = (here < 0 ? SPEEDS.length - 1 : here) + by;
    if (next >= 0) this.host.setSpeed(next < SPEEDS.length ? SPEEDS[next] : "max");
  }
}

const MOST_EVENTS = 200;

export class Events {
  readonly root = h("section", { id: "events", className: "card" });
  private list = h("ol");
  private count = h("span", { className: "muted" }, "none yet");
  private seen = new Set<string>();
  readonly rows: TwinEvent[] = [];

  constructor(private find: (path: string) => void) {
    const head = h("button", { type: "button", className: "fold", onclick: () => this.root.classList.toggle("folded") },
      "Events ", this.count);
    this.root.append(head, this.list);
  }

  clear(): void {
    this.seen.clear();
    this.rows.length = 0;
    this.list.replaceChildren();
    write(this.count, "none yet");
  }

  /** Take an event; false when it was known. */
  add(event: TwinEvent): boolean {
    const key = event.number === undefined ? `${event.time} ${event.path} ${event.kind} ${event.message}` : String(event.number);
    if (this.seen.has(key)) return false;
    this.seen.add(key);
    this.rows.push(event);
    this.list.prepend(h("li", { className: event.kind, title: `${event.kind}: ${event.message}`,
      onclick: () => this.find(event.path) },
    h("time", {}, clock(event.time)), h("span", {}, `${event.message}`), h("small", {}, event.path)));
    while (this.list.children.length > MOST_EVENTS) this.list.lastChild!.remove();
    write(this.count, `(${this.seen.size})`);
    return true;
  }
}

/** Notices under the strip: what is stale stays, what was done goes after a while. */
export class Banner {
  readonly root = h("div", { id: "banner", role: "status", hidden: true });
  private until = 0;

  say(text: string, status: string, milliseconds = 3500): void {
    this.until = performance.now() + milliseconds;
    this.draw(text, status);
  }

  /** A lasting message, or null when all is well; short notices go first. */
  keep(message: { text: string; status: string } | null): void {
    if (message && message.status === "limit") this.until = 0;
    if (performance.now() < this.until) return;
    if (message) this.draw(message.text, message.status);
    else this.root.hidden = true;
  }

  private draw(text: string, status: string): void {
    this.root.hidden = false;
    this.root.dataset.status = status;
    write(this.root, text);
  }
}

const OWN_KEYS: [string, string][] = [
  ["drag", "orbit; right drag moves, wheel zooms"],
  ["shift + click", "pick, and add its line to the charts"],
  ["ctrl + click", "pick several"],
  ["i", "only what is picked, or everything"],
  ["V", "film the view; again: save the film"],
  ["/", "find by path"],
  [".", "one step while paused"],
  ["Esc", "let go of the picked element"],
];
const NOT_HERE = ["q"];
const OTHERWISE: Record<string, string> = {
  d: "another session beside this one; again: the difference; again: alone", "n / p": "next / previous session of the server", g: "orbit, fly, walk on the floor", w: "power: the one-line diagram, now",
  "arrows, PgUp/PgDn": "move the camera; with shift faster",
};

export function helpCard(close: () => void): HTMLElement {
  const own = OWN_KEYS.map(([key]) => key);
  const rows = [...KEYS.filter(([key]) => ![...NOT_HERE, ...own].includes(key)), ...OWN_KEYS];
  return h("section", { id: "help", className: "card", hidden: true },
    h("h2", {}, "Keys"),
    h("table", {}, ...rows.map(([key, what]) => h("tr", {}, h("td", { className: "keys" }, key), h("td", {}, OTHERWISE[key] ?? what)))),
    h("button", { type: "button", onclick: close }, "close"));
}
