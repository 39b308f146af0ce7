/** The page: one session's factory, its figures, and what people do with it. */
import * as THREE from "three";
import type { Api, Control } from "./api";
import { type Margins, nearby, preset } from "./cameras";
import { HARDWARE, SOFTWARE } from "./equipment";
import { FactoryView } from "./factory_view";
import { Faults } from "./faults";
import { FLOW_CHANNELS } from "./flow";
import { Freshness } from "./freshness";
import { places, way } from "./heat_path";
import { Labels } from "./labels";
import { Navigation } from "./navigation";
import { fittedRange, scaleOf } from "./numbers";
import { dress, PRESETS, THEMES } from "./palette";
import { likelySoftware, Pacer } from "./pacing";
import { blocker, pick } from "./picking";
import { SceneModel } from "./scene_model";
import type { Channel, Element } from "./scene_types";
import { Stream } from "./stream";
import type { TwinEvent } from "./stream";
import { Charts } from "./ui/charts";
import { h } from "./ui/dom";
import { ElementCard } from "./ui/element";
import { HeatCard } from "./ui/heat_card";
import { Legend } from "./ui/legend";
import { Banner, Chooser, Events, helpCard, TimeBar, type Toggle } from "./ui/panels";
import { Strip } from "./ui/strip";
import { View } from "./view";

const SETTLE = 180; // ms without a move before labels and finer models come
const RELABEL = 1000; // ms between new values in labels
const REFRESH = 120; // ms between choices of detail while the camera moves

export class App {
  readonly stream = new Stream();
  readonly renderer: THREE.WebGLRenderer;
  readonly camera = new THREE.PerspectiveCamera(30, 1, 0.1, 1000);
  readonly navigation: Navigation;
  readonly software: boolean;
  model!: SceneModel;
  factory!: FactoryView;
  selected: Element | null = null;
  drawn = 0;
  firstPicture = 0;
  private scene = new THREE.Scene();
  private labels!: Labels;
  private controls: Control[] = [];
  private strip = new Strip();
  private legend = new Legend();
  private banner = new Banner();
  private chooser: Chooser;
  private time: TimeBar;
  private events: Events;
  private card!: ElementCard;
  readonly charts: Charts;
  readonly faults = new Faults();
  private heat: HeatCard;
  private heatOn = false;
  private pacer: Pacer;
  private lastTime = -Infinity;
  private help = helpCard(() => this.toggle("help"));
  private freshness = new Freshness();
  private channel: Channel | null = null; // as it is shown: its range may be fitted
  private fitted = false;
  private theme = THEMES[matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark"];
  private preset = "hall";
  private dirty = true;
  private moved = 0;
  private refreshed = -1e9;
  private settled = false;
  private labelled = 0;
  private last = 0;
  private paused = false;
  private loading = false;

  constructor(private api: Api, private canvas: HTMLCanvasElement, ui: HTMLElement, private labelRoot: HTMLElement) {
    const wanted = new URLSearchParams(location.search);
    this.theme = THEMES[wanted.get("theme") ?? localStorage.getItem("twin.theme") ?? ""] ?? this.theme;
    this.preset = PRESETS.includes(wanted.get("camera") ?? "") ? wanted.get("camera")! : this.preset;
    this.software = likelySoftware();
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: !this.software, powerPreference: "high-performance" });
    this.renderer.setPixelRatio(this.software ? 1 : Math.min(devicePixelRatio || 1, 2));
    this.pacer = new Pacer(this.renderer, this.software);
    this.camera.up.set(0, 0, 1);
    this.navigation = new Navigation(this.camera, canvas, () => this.cameraMoved());
    this.chooser = new Chooser({
      showChannel: (name) => this.showChannel(name), usePreset: (name) => this.usePreset(name),
      toggle: (what) => this.toggle(what), find: (element) => this.goTo(element),
    });
    this.time = new TimeBar({
      pause: () => void this.command(this.paused ? "resume" : "pause"),
      step: () => void this.command("step", { value: 1 }),
      setSpeed: (value) => void this.command("speed", { value }).then((ok) => { if (ok) this.time.set(value); }),
      seek: (value) => void this.seek(value), theme: () => this.theme,
    });
    this.charts = new Charts(this.api, () => this.model, {
      select: (element) => this.select(element), say: (text, status) => this.banner.say(text, status),
      theme: () => this.theme, changed: () => { this.card?.draw(); this.settled = false; },
    });
    this.heat = new HeatCard(this.api, { select: (element) => this.select(element), close: () => this.toggle("heat"),
      numbers: (texts) => this.writeHeat(texts) },
      () => this.theme);
    this.events = new Events((path) => {
      const element = this.model.find(path);
      if (element) this.goTo(element);
    });
    ui.append(this.strip.root, h("div", { id: "left" }, this.chooser.root), this.legend.root, this.banner.root,
      h("div", { id: "foot" }, this.charts.root, this.time.root), h("div", { id: "right" }, this.heat.root, this.events.root), this.help);
    dress(this.theme);
    this.listen();
  }

  /** Fetch the scene, show it, and open the stream. */
  async start(): Promise<void> {
    await this.load();
    this.stream.open(this.api.websocket, this.api.token);
    requestAnimationFrame((now) => this.turn(now));
    setInterval(() => this.banner.keep(this.freshness.message(this.stream.connected, this.paused)), 250);
  }

  private async load(): Promise<void> {
    this.loading = true;
    const [raw, controls] = await Promise.all([this.api.scene(), this.api.controls()]);
    const model = new SceneModel(raw);
    const path = this.selected ? this.model.path(this.selected) : null;
    const anisotropy = this.software ? 2 : Math.min(8, this.renderer.capabilities.getMaxAnisotropy());
    const factory = new FactoryView(model, this.api, this.scene, this.theme, this.software, anisotropy,
      () => { this.dirty = true; this.settled = false; });
    factory.load();
    const first = !this.factory;
    this.factory?.remove();
    this.labels?.remove();
    [this.model, this.factory, this.controls] = [model, factory, controls];
    const on = this.labels?.on ?? true;
    this.labels = new Labels(model, this.labelRoot);
    this.labels.on = on;
    if (first) {
      this.card = new ElementCard(this.api, model, controls, {
        select: (element) => this.select(element), fly: () => this.flyToSelection(),
        say: (text, status) => this.banner.say(text, status),
        command: (name, more) => this.stream.command(name, more), showChannel: (name) => this.showChannel(name),
        pin: (path, channel) => this.charts.toggle(path, channel), pinned: (path, channel) => this.charts.has(path, channel),
      }, () => this.theme);
      document.getElementById("left")!.append(this.card.root);
    } else this.card.setModel(model, this.controls);
    this.strip.setTitle(model.title);
    this.chooser.setModel(model);
    this.resize();
    if (first) this.usePreset(this.preset, true);
    const known = model.shownChannels.map((channel) => channel.name);
    const wanted = this.channel?.name ?? new URLSearchParams(location.search).get("channel") ?? "gpu.temperature";
    this.showChannel(known.includes(wanted) ? wanted : (known[0] ?? null));
    this.select(path ? model.find(path) : null);
    this.showHeat();
    this.loading = false;
    if (first) this.charts.build();
    await this.reloadEvents();
  }

  /** All events anew: of another session's, or of a time that was set back. */
  private async reloadEvents(): Promise<void> {
    const events = await this.api.events().catch(() => []);
    this.events.clear();
    this.faults.clear();
    for (const event of events) this.takeEvent(event, false);
    this.showEvents();
  }

  private takeEvent(event: TwinEvent, show = true): void {
    if (!this.events.add(event)) return;
    this.faults.take(event);
    if (show) this.showEvents();
  }

  private showEvents(): void {
    this.time.line.setEvents(this.events.rows);
    this.factory.showFaults(this.faults);
  }

  private async seek(value: number): Promise<void> {
    if (await this.command("seek", { value })) await this.setBack(value);
  }

  private async setBack(time: number): Promise<void> {
    this.lastTime = time;
    this.time.line.forgetAfter(time);
    this.card.forget();
    this.charts.forget();
    await this.reloadEvents();
  }

  private listen(): void {
    this.stream.onHello = (hello) => {
      this.paused = hello.paused;
      this.time.set(hello.speed);
      this.time.line.setRange(hello.recorded ?? null, hello.time);
      this.time.update(hello.time, hello.paused);
      this.lastTime = hello.time;
      if (hello.digest !== this.model.raw.digest && !this.loading)
        this.load().catch((error) => this.banner.say(String(error.message), "limit"));
      else if (!this.loading) void this.reloadEvents();
    };
    this.stream.onFrame = (frame) => {
      if (frame.digest !== this.model.raw.digest) return;
      this.freshness.frameCame();
      this.paused = frame.paused;
      if (frame.time < this.lastTime - 1e-6) void this.setBack(frame.time);
      this.lastTime = frame.time;
      this.strip.update(frame, this.faults.count);
      this.time.update(frame.time, frame.paused);
      this.factory.update(frame);
      if (this.fitted && this.factory.values && this.channel && !this.wasFitted) this.fit();
      this.legend.update(this.factory.values);
      if (this.labels.on && this.settled && performance.now() - this.labelled > RELABEL) this.placeLabels();
    };
    this.stream.onEvent = (event) => this.takeEvent(event);
    this.stream.onNotice = (text) => this.banner.say(text, "limit");
    this.stream.onClosed = (code, reason) => {
      if (code === 4401 || code === 4403) this.banner.say(reason || "not admitted", "limit", 10_000);
    };
    window.addEventListener("resize", () => this.resize());
    window.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("keyup", (event) => this.navigation.key(event, false));
    let pressed: [number, number] | null = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      pressed = [event.clientX, event.clientY];
      this.canvas.focus({ preventScroll: true });
    });
    this.canvas.addEventListener("pointerup", (event) => {
      if (pressed && event.button === 0 && Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) < 4)
        this.clicked(this.pickAt(event.clientX, event.clientY), event.shiftKey);
      pressed = null;
    });
    this.canvas.addEventListener("dblclick", () => this.flyToSelection());
  }

  // --- what people do ---

  showChannel(name: string | null): void {
    this.fitted = this.fitted && this.channel?.name === name;
    this.channel = this.model.channel(name);
    this.wasFitted = false;
    this.applyChannel();
    const flows = FLOW_CHANNELS.filter((own) => this.model.channel(own));
    this.stream.subscribe([...new Set([...(this.channel ? [this.channel.name] : []), ...flows])]);
    this.press();
  }

  private wasFitted = false;

  private applyChannel(): void {
    const { channel } = this;
    this.stream.show(channel && { channel: channel.name, low: channel.low, high: channel.high });
    const values = this.factory.values;
    const same = this.factory.channel?.name === channel?.name;
    this.factory.setChannel(channel);
    this.legend.show(channel, this.theme);
    if (same && values && this.stream.frame) {
      for (const column of this.stream.frame.channels) delete column.shades;
      this.factory.update(this.stream.frame);
      this.legend.update(this.factory.values);
    }
  }

  private fit(): void {
    const own = this.model.channel(this.channel?.name ?? null);
    if (!own) return;
    this.channel = own;
    if (this.fitted && this.factory.values) {
      const [low, high] = fittedRange(this.factory.values, own);
      this.channel = { ...own, low, high };
      this.wasFitted = true;
    }
    this.applyChannel();
  }

  usePreset(name: string, atOnce = false): void {
    this.preset = name;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    this.navigation.go(preset(this.model, name, width / height, this.selected, this.margins()), atOnce);
    this.press();
  }

  private margins(): Margins {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const wide = width > 900;
    return [wide ? 270 / width : 0.03, wide ? 200 / width : 0.03, 64 / height, 70 / height];
  }

  toggle(what: Toggle): void {
    if (what === "fit") {
      this.fitted = !this.fitted;
      this.wasFitted = false;
      this.fit();
      this.banner.say(this.fitted ? "colours fitted to the values" : "the channel's range", "ok", 1800);
    } else if (what === "labels") {
      this.labels.on = !this.labels.on;
      this.settled = false;
    } else if (what === "flow") {
      this.factory.flow.on = !this.factory.flow.on;
      this.refresh();
    } else if (what === "heat") {
      this.heatOn = !this.heatOn;
      this.showHeat();
    } else if (what === "fly") {
      this.navigation.setFlying(!this.navigation.flying);
      this.banner.say(this.navigation.flying ? "fly: arrows move, drag turns the head" : "orbit", "ok", 1800);
    } else if (what === "help") {
      this.help.hidden = !this.help.hidden;
    } else {
      const names = Object.keys(THEMES);
      this.theme = THEMES[names[(names.indexOf(this.theme.name) + 1) % names.length]];
      localStorage.setItem("twin.theme", this.theme.name);
      dress(this.theme);
      this.factory.setTheme(this.theme);
      this.legend.show(this.channel, this.theme);
      this.legend.update(this.factory.values);
      this.card.draw();
      this.charts.build();
      this.time.line.draw();
      this.factory.showFaults(this.faults);
    }
    this.dirty = true;
    this.press();
  }

  private press(): void {
    this.chooser.state({ fit: this.fitted, flow: this.factory.flow.on, heat: this.heatOn, labels: this.labels.on, fly: this.navigation.flying,
      help: !this.help.hidden, theme: this.theme.name === "light" }, this.channel?.name ?? null, this.preset);
  }

  select(element: Element | null): void {
    this.selected = element;
    this.factory.select(element);
    this.card.show(element);
    if (element?.level === "gpu" || element?.level === "rack") this.showHeat();
    this.settled = false;
  }

  /** A click picks; with shift it adds the element's line to the charts. */
  private clicked(element: Element | null, add: boolean): void {
    this.select(element);
    if (!add || !element) return;
    const own = this.model.channels.filter((channel) => channel.level === element.level);
    const channel = own.find((c) => c.name === this.channel?.name) ?? own.find((c) => c.name.endsWith(".temperature")) ?? own[0];
    if (channel) this.charts.toggle(this.model.path(element), channel);
  }

  private heatPlaces = new Map<string, [number, number, number]>();

  /** Numbers of the heat's stages beside what they are about. */
  private writeHeat(texts: Map<string, string>): void {
    this.labels.extra = [...texts].flatMap(([level, text]) => {
      const at = this.heatPlaces.get(level);
      return at ? [{ text, at }] : [];
    });
    if (this.settled) this.placeLabels();
  }

  /** The way of the picked accelerator's heat, or of the hottest one in the picked or hottest rack. */
  private showHeat(): void {
    let gpu: number | null = null;
    if (this.heatOn && this.model.count("gpu")) {
      if (this.selected?.level === "gpu") gpu = this.selected.index;
      else {
        const first = this.model.firstGpu;
        const rack = this.selected ? this.model.ancestor(this.selected, "rack") : null;
        const [from, to] = rack === null ? [0, this.model.count("gpu")] : [first[rack], first[rack + 1]];
        const values = this.channel?.name === "gpu.temperature" ? this.factory.values : null;
        gpu = from;
        for (let k = from; values && k < to; k++) if (values[k] > values[gpu]) gpu = k;
      }
    }
    const found = gpu === null ? null : way(this.model, gpu);
    this.heatPlaces = found ? places(this.model, found) : new Map();
    this.labels.extra = [];
    this.heat.show(this.model, found);
    this.factory.showHeat(found);
    this.settled = false;
  }

  goTo(element: Element): void {
    this.select(element);
    this.flyToSelection();
  }

  flyToSelection(): void {
    if (!this.selected) {
      this.banner.say("pick an element first", "paused");
      return;
    }
    const pose = nearby(this.model, this.selected, this.camera.position,
      this.selected.level === "gpu" ? this.factory.opened.reach(this.selected.index) : 0);
    if (pose) this.navigation.go(pose);
  }

  async command(name: string, more: object = {}): Promise<boolean> {
    try {
      await this.stream.command(name, more);
      return true;
    } catch (error) {
      this.banner.say((error as Error).message, "limit");
      return false;
    }
  }

  pickAt(x: number, y: number): Element | null {
    const rect = this.canvas.getBoundingClientRect();
    const at = new THREE.Vector2(((x - rect.left) / rect.width) * 2 - 1, 1 - ((y - rect.top) / rect.height) * 2);
    const caster = new THREE.Raycaster();
    this.camera.updateMatrixWorld();
    caster.setFromCamera(at, this.camera);
    const near = (element: Element | null) => {
      if (element?.level !== "gpu") return element;
      const rack = this.model.parent(element)!;
      const box = this.model.box(rack)!;
      const depth = Math.hypot(...box.low.map((v, k) => (v + box.high[k]) / 2 - this.camera.position.getComponent(k)));
      const tall = this.view().pixels(box.high[2] - box.low[2], depth);
      return tall > 260 || this.selected?.level === "gpu" || this.factory.opened.shift(element.index) ? element : rack; // single cells only where they can be aimed at
    };
    const out = this.factory.opened.pick(caster.ray);
    return near(pick(this.model, caster.ray, this.factory.cards, this.channel?.level === "gpu", out));
  }

  private nextChannel(step: number): void {
    const names = this.model.shownChannels.map((channel) => channel.name);
    const here = names.indexOf(this.channel?.name ?? "");
    this.showChannel(names[(Math.max(here, step > 0 ? -1 : 0) + step + names.length) % names.length]);
  }

  private async nextSession(step: number): Promise<void> {
    const sessions = await this.api.sessions();
    if (sessions.length < 2) {
      this.banner.say("only one session is open", "paused");
      return;
    }
    const here = Math.max(0, sessions.findIndex((session) => session.id === this.api.session));
    const next = sessions[(here + step + sessions.length) % sessions.length];
    const query = new URLSearchParams(location.search);
    query.set("session", next.id);
    location.search = query.toString();
  }

  savePicture(): void {
    this.render();
    const stamp = new Date().toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
    this.canvas.toBlob((blob) => {
      if (!blob) return;
      const link = h("a", { href: URL.createObjectURL(blob), download: `twin-${stamp}.png` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
      this.banner.say(`saved ${link.download}`, "ok");
    });
  }

  private key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return;
    if (this.navigation.key(event, true)) {
      event.preventDefault();
      return;
    }
    if (target.tagName === "BUTTON" && (event.key === " " || event.key === "Enter")) return;
    const actions: Record<string, () => void> = {
      c: () => this.nextChannel(1), C: () => this.nextChannel(-1),
      n: () => void this.nextSession(1), p: () => void this.nextSession(-1),
      " ": () => void this.command(this.paused ? "resume" : "pause"), ".": () => void this.command("step", { value: 1 }),
      "+": () => this.time.faster(1), "=": () => this.time.faster(1), "-": () => this.time.faster(-1),
      t: () => this.toggle("theme"), r: () => this.usePreset(this.preset), f: () => this.flyToSelection(),
      s: () => this.savePicture(), h: () => this.toggle("help"), "?": () => this.toggle("help"), a: () => this.toggle("fit"),
      l: () => this.toggle("labels"), o: () => this.toggle("flow"), k: () => this.toggle("heat"), v: () => this.clicked(this.selected, true),
      "[": () => this.time.event(-1), "]": () => this.time.event(1), g: () => this.toggle("fly"), "/": () => this.chooser.search.focus(),
      Escape: () => (this.help.hidden ? this.select(null) : this.toggle("help")),
    };
    PRESETS.forEach((name, k) => { actions[String(k + 1)] = () => this.usePreset(name); });
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  // --- drawing ---

  private cameraMoved(): void {
    this.moved = performance.now();
    this.dirty = true;
    this.settled = false;
  }

  private resize(): void {
    const [width, height] = [window.innerWidth, window.innerHeight];
    if (!width || !height) return;
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    this.cameraMoved();
  }

  /** Whether the camera stands and what it sees is drawn in its final detail. */
  still(): boolean {
    return this.settled && !this.dirty && !this.factory.loading;
  }

  view(): View {
    return new View(this.camera, this.canvas.clientWidth, this.canvas.clientHeight);
  }

  private turn(now: number): void {
    requestAnimationFrame((next) => this.turn(next));
    const seconds = (now - this.last) / 1000;
    this.last = now;
    if (this.navigation.tick(seconds)) this.cameraMoved();
    const still = performance.now() - this.moved > SETTLE;
    if (!this.settled && still) {
      this.refresh();
      this.placeLabels();
      this.settled = true;
      this.dirty = true;
    } else if (!still && performance.now() - this.refreshed > REFRESH) this.refresh();
    if (!still) this.labelRoot.style.opacity = "0.25";
    // on a graphics card the arrows run smoothly; a processor moves them when values come
    if (!this.software && !this.paused && this.factory.flow.moving) this.dirty = true;
    if (this.dirty && this.pacer.ready()) this.render();
  }

  private refresh(): void {
    this.refreshed = performance.now();
    this.factory.refresh(this.view(), this.software ? SOFTWARE : HARDWARE);
  }

  private placeLabels(): void {
    this.labelled = performance.now();
    this.labelRoot.style.opacity = "1";
    const taken = [...document.querySelectorAll<HTMLElement>("#strip, .card:not([hidden]), #banner:not([hidden])")]
      .map((node) => node.getBoundingClientRect());
    const { channel } = this;
    const scale = channel && scaleOf(channel);
    this.labels.refresh(this.view(), taken, (element) =>
      channel && scale && element.level === channel.level && this.factory.values && element.level !== "gpu"
        ? scale.text(this.factory.values[element.index]) : null,
    (x, y, z) => this.factory.hides(x, y, z), blocker(this.model, this.camera.position));
  }

  render(): void {
    this.dirty = false;
    const [low, high] = this.model.raw.bounds;
    const middle = new THREE.Vector3((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, 0);
    const reach = Math.hypot(high[0] - low[0], high[1] - low[1]);
    const far = this.camera.position.distanceTo(middle) + 6 * reach;
    const box = new THREE.Box3(new THREE.Vector3(...low), new THREE.Vector3(...high));
    const away = box.distanceToPoint(this.camera.position);
    this.camera.near = Math.max(0.05, 0.5 * away, far / 8e4);
    this.camera.far = far;
    this.camera.updateProjectionMatrix();
    this.factory.flow.draw(performance.now(), this.paused);
    this.pacer.draw(this.scene, this.camera);
    this.drawn += 1;
    if (!this.firstPicture) this.firstPicture = performance.now();
  }
}
