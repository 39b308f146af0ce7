/** The page: one session's factory, its figures, and what people do with it. */
import * as THREE from "three";
import { pickAt } from "./aim";
import { AIR, PLANES } from "./air";
import type { Api } from "./api";
import { type Margins, nearby, preset } from "./cameras";
import { Beside } from "./beside";
import { Colouring } from "./colouring";
import { Drawing } from "./drawing";
import { FactoryView } from "./factory_view";
import { Freshness } from "./freshness";
import { Happenings } from "./happenings";
import { HeatShow } from "./heat_show";
import { useKeys } from "./keyboard";
import { Labels } from "./labels";
import { Navigation } from "./navigation";
import { likelySoftware } from "./pacing";
import { savePicture } from "./pictures";
import { dress, PRESETS, THEMES } from "./palette";
import { SceneModel } from "./scene_model";
import type { Element } from "./scene_types";
import { Stream } from "./stream";
import { Tools } from "./tools/tools";
import { Charts } from "./ui/charts";
import { h } from "./ui/dom";
import { ElementCard } from "./ui/element";
import { Legend } from "./ui/legend";
import { OneLineCard } from "./ui/one_line";
import { Banner, Chooser, Events, helpCard, TimeBar, type Toggle } from "./ui/panels";
import { Strip } from "./ui/strip";
import { View } from "./view";

const MOVES = {
  orbit: "orbit", fly: "fly: arrows move, drag turns the head", walk: "walk: arrows go on the floor, drag turns the head",
};

export class App {
  readonly stream = new Stream();
  readonly renderer: THREE.WebGLRenderer;
  readonly camera = new THREE.PerspectiveCamera(30, 1, 0.1, 1000);
  readonly scene = new THREE.Scene();
  readonly navigation: Navigation;
  readonly software: boolean;
  readonly drawing: Drawing;
  readonly colouring = new Colouring(this);
  readonly happenings = new Happenings(this);
  readonly heat: HeatShow;
  readonly strip = new Strip((element) => this.model.path(element), (element) => this.goTo(element));
  readonly legend = new Legend();
  readonly airLegend = new Legend("air-legend");
  readonly banner = new Banner();
  readonly chooser: Chooser;
  readonly time: TimeBar;
  readonly events: Events;
  readonly charts: Charts;
  readonly tools: Tools;
  readonly beside: Beside;
  readonly oneLine: OneLineCard;
  readonly help = helpCard(() => this.toggle("help"));
  card!: ElementCard;
  model!: SceneModel;
  factory!: FactoryView;
  labels!: Labels;
  theme = THEMES[matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark"];
  preset = "hall";
  paused = false;
  private freshness = new Freshness();
  private loading = false;

  constructor(readonly api: Api, readonly canvas: HTMLCanvasElement, ui: HTMLElement, private labelRoot: HTMLElement) {
    const wanted = new URLSearchParams(location.search);
    this.theme = THEMES[wanted.get("theme") ?? localStorage.getItem("twin.theme") ?? ""] ?? this.theme;
    this.preset = PRESETS.includes(wanted.get("camera") ?? "") ? wanted.get("camera")! : this.preset;
    this.software = likelySoftware();
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: !this.software, powerPreference: "high-performance" });
    this.renderer.setPixelRatio(this.software ? 1 : Math.min(devicePixelRatio || 1, 2));
    this.drawing = new Drawing(this, labelRoot);
    this.camera.up.set(0, 0, 1);
    this.tools = new Tools(this);
    this.beside = new Beside(this);
    this.tools.measure.setTheme(this.theme);
    this.navigation = new Navigation(this.camera, canvas, () => this.drawing.cameraMoved());
    this.chooser = new Chooser({
      showChannel: (name) => this.showChannel(name), usePreset: (name) => this.usePreset(name),
      toggle: (what) => this.toggle(what), find: (element) => this.goTo(element),
    });
    this.time = new TimeBar({
      pause: () => void this.command(this.paused ? "resume" : "pause"),
      step: () => void this.command("step", { value: 1 }),
      setSpeed: (value) => void this.command("speed", { value }).then((ok) => { if (ok) this.time.set(value); }),
      seek: (value) => void this.happenings.seek(value), theme: () => this.theme,
    });
    this.charts = new Charts(this.api, () => this.model, {
      select: (element) => this.select(element), say: (text, status) => this.banner.say(text, status),
      theme: () => this.theme, changed: () => { this.card?.draw(); this.drawing.unsettle(); },
    });
    this.heat = new HeatShow(this);
    this.oneLine = new OneLineCard(this.api, { model: () => this.model, go: (element) => this.goTo(element), close: () => this.toggle("power") });
    this.events = new Events((path) => {
      const element = this.model.find(path);
      if (element) this.goTo(element);
    });
    ui.append(this.strip.root, h("div", { id: "left" }, this.chooser.root), this.legend.root, this.airLegend.root, this.beside.legend.root, this.beside.root, this.banner.root, this.oneLine.root,
      h("div", { id: "foot" }, this.charts.root, this.time.root),
      h("div", { id: "right" }, this.heat.card.root, this.events.root), this.help);
    dress(this.theme);
    this.listen();
    this.aim();
    useKeys(this);
  }

  /** The element that was picked last. */
  get selected(): Element | null {
    return this.tools.picked.last;
  }

  get faults() {
    return this.happenings.faults;
  }

  /** Fetch the scene, show it, and open the stream. */
  async start(): Promise<void> {
    await this.load();
    this.stream.open(this.api.websocket, this.api.token);
    this.drawing.start();
    setInterval(() => this.banner.keep(this.freshness.message(this.stream.connected, this.paused)), 250);
  }

  private async load(): Promise<void> {
    this.loading = true;
    const [raw, controls] = await Promise.all([this.api.scene(), this.api.controls()]);
    const model = new SceneModel(raw);
    const path = this.selected ? this.model.path(this.selected) : null;
    const anisotropy = this.software ? 2 : Math.min(8, this.renderer.capabilities.getMaxAnisotropy());
    const factory = new FactoryView(model, this.api, this.scene, this.theme, this.software, anisotropy,
      () => { this.drawing.again(); this.drawing.unsettle(); });
    factory.load();
    const first = !this.factory;
    factory.air.show(this.factory?.air.planes ?? "off");
    this.factory?.remove();
    this.labels?.remove();
    [this.model, this.factory] = [model, factory];
    const on = this.labels?.on ?? true;
    this.labels = new Labels(model, this.labelRoot);
    this.labels.on = on;
    this.tools.modelCame();
    if (first) {
      this.card = new ElementCard(this.api, model, controls, {
        select: (element) => this.select(element), fly: () => this.flyToSelection(),
        say: (text, status) => this.banner.say(text, status),
        command: (name, more) => this.stream.command(name, more), showChannel: (name) => this.showChannel(name),
        pin: (path, channel) => this.charts.toggle(path, channel), pinned: (path, channel) => this.charts.has(path, channel),
      }, () => this.theme);
      document.getElementById("left")!.append(this.card.root);
    } else this.card.setModel(model, controls);
    this.strip.setTitle(model.title);
    this.chooser.setModel(model);
    this.drawing.resize();
    if (first) this.usePreset(this.preset, true);
    const known = model.shownChannels.map((channel) => channel.name);
    const wanted = this.colouring.channel?.name ?? new URLSearchParams(location.search).get("channel") ?? "gpu.temperature";
    this.showChannel(known.includes(wanted) ? wanted : (known[0] ?? null));
    this.select(path ? model.find(path) : null);
    this.heat.show();
    this.loading = false;
    if (first) this.charts.build();
    await this.happenings.reload();
  }

  private listen(): void {
    this.stream.onHello = (hello) => {
      this.paused = hello.paused;
      this.time.set(hello.speed);
      this.time.line.setRange(hello.recorded ?? null, hello.time);
      this.time.update(hello.time, hello.paused);
      this.happenings.lastTime = hello.time;
      if (hello.digest !== this.model.raw.digest && !this.loading)
        this.load().catch((error) => this.banner.say(String(error.message), "limit"));
      else if (!this.loading) void this.happenings.reload();
    };
    this.stream.onFrame = (frame) => {
      if (frame.digest !== this.model.raw.digest) return;
      this.freshness.frameCame();
      this.paused = frame.paused;
      this.happenings.timeCame(frame.time);
      this.strip.update(frame, this.faults.count);
      this.time.update(frame.time, frame.paused);
      this.factory.update(frame);
      this.colouring.valuesCame();
      this.legend.update(this.factory.painting);
      if (this.factory.air.on) this.airLegend.tell(this.factory.air.facts);
      this.drawing.valuesCame();
    };
    this.stream.onEvent = (event) => this.happenings.take(event);
    this.stream.onUndone = () => void this.happenings.reload();
    this.stream.onNotice = (text) => this.banner.say(text, "limit");
    this.stream.onClosed = (code, reason) => {
      if (code === 4401 || code === 4403) this.banner.say(reason || "not admitted", "limit", 10_000);
    };
    window.addEventListener("resize", () => this.drawing.resize());
  }

  private aim(): void {
    let pressed: [number, number] | null = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      pressed = [event.clientX, event.clientY];
      this.canvas.focus({ preventScroll: true });
    });
    this.canvas.addEventListener("pointerup", (event) => {
      if (pressed && event.button === 0 && Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) < 4)
        this.clickedAt(event);
      pressed = null;
    });
    this.canvas.addEventListener("dblclick", () => this.flyToSelection());
  }

  private clickedAt(event: PointerEvent): void {
    if (event.clientX > this.seenWidth && !this.beside.same) return; // the right half shows another layout
    if (this.tools.measure.on) return this.tools.measureAt(event.clientX, event.clientY);
    const element = this.pickAt(event.clientX, event.clientY);
    if (element && (event.ctrlKey || event.metaKey)) this.addPicked(element);
    else this.clicked(element, event.shiftKey);
  }

  // --- what people do ---

  showChannel(name: string | null): void {
    this.colouring.show(name);
  }

  /** Pixels across of what one camera sees: half the window when another session is beside. */
  get seenWidth(): number {
    return this.canvas.clientWidth / (this.beside.on ? 2 : 1);
  }

  usePreset(name: string, atOnce = false): void {
    this.preset = name;
    this.navigation.go(preset(this.model, name, this.seenWidth / this.canvas.clientHeight, this.selected, this.margins()), atOnce);
    this.press();
  }

  private margins(): Margins {
    const [width, height] = [this.seenWidth, this.canvas.clientHeight];
    const wide = width > 900;
    return [wide ? 270 / width : 0.03, wide ? 200 / width : 0.03, 64 / height, 70 / height];
  }

  toggle(what: Toggle): void {
    if (what === "fit") {
      this.colouring.toggleFit();
      this.banner.say(this.colouring.fitted ? "colours fitted to the values" : "the channel's range", "ok", 1800);
    } else if (what === "labels") {
      this.labels.on = !this.labels.on;
      this.drawing.unsettle();
    } else if (what === "flow") {
      this.factory.flow.on = !this.factory.flow.on;
      this.drawing.refresh();
    } else if (what === "heat") {
      this.heat.toggle();
    } else if (what === "fly") {
      this.banner.say(MOVES[this.navigation.nextWay()], "ok", 2500);
    } else if (what === "help") {
      this.help.hidden = !this.help.hidden;
    } else if (what === "power") {
      this.oneLine.toggle();
      this.drawing.unsettle();
    } else if (what === "air") {
      this.nextAir();
    } else if (what === "beside") {
      void this.beside.next().then(() => this.press());
    } else if (what === "isolate") this.tools.isolate();
    else if (what === "measure") this.tools.toggleMeasure();
    else if (what === "cut") this.tools.nextCut();
    else if (what === "place") this.tools.keepPlace();
    else if (what === "film") this.tools.film.toggle();
    else if (what === "picture") savePicture(this);
    else this.nextTheme();
    this.drawing.again();
    this.press();
  }

  /** Slices of air: upright, level, both, none. */
  private nextAir(): void {
    const { air } = this.factory;
    if (!air.aisles.length) return this.banner.say("this scene tells of no aisles", "paused");
    air.show(PLANES[(PLANES.indexOf(air.planes) + 1) % PLANES.length]);
    this.banner.say(`slices of air: ${air.planes} (interpolated, not CFD)`, "ok", 2500);
    this.airLegend.show(air.on ? AIR : null, this.theme, { warning: "recommended" });
    this.colouring.subscribe();
  }

  private nextTheme(): void {
    const names = Object.keys(THEMES);
    this.theme = THEMES[names[(names.indexOf(this.theme.name) + 1) % names.length]];
    localStorage.setItem("twin.theme", this.theme.name);
    dress(this.theme);
    this.factory.setTheme(this.theme);
    this.beside.setTheme();
    this.tools.measure.setTheme(this.theme);
    this.legend.show(this.colouring.channel, this.theme);
    this.legend.update(this.factory.painting);
    this.airLegend.show(this.factory.air.on ? AIR : null, this.theme, { warning: "recommended" });
    this.card.draw();
    this.charts.build();
    this.time.line.draw();
    this.factory.showFaults(this.faults);
  }

  /** Show on the buttons what is on. */
  press(): void {
    this.chooser.state({ fit: this.colouring.fitted, flow: this.factory.flow.on, air: this.factory.air.on, beside: this.beside.on, heat: this.heat.on, labels: this.labels.on,
      fly: this.navigation.way !== "orbit", power: this.oneLine.on, isolate: this.tools.isolated, measure: this.tools.measure.on,
      cut: this.tools.cut.on, film: this.tools.film.on, help: !this.help.hidden, theme: this.theme.name === "light" },
    this.colouring.channel?.name ?? null, this.preset);
  }

  select(element: Element | null): void {
    this.tools.picked.set(element);
    this.pickedChanged();
  }

  /** Pick one more, or let it go. */
  addPicked(element: Element): void {
    this.tools.picked.turn(element);
    this.pickedChanged();
    const { length } = this.tools.picked.elements;
    if (length > 1) this.banner.say(`${length} picked`, "ok", 1500);
  }

  private pickedChanged(): void {
    const element = this.selected;
    this.factory.select(this.tools.picked.elements);
    this.beside.select(this.tools.picked.elements);
    this.card.show(element);
    if (element?.level === "gpu" || element?.level === "rack") this.heat.show();
    this.tools.pickedCame();
    this.drawing.unsettle();
  }

  /** A click picks; with shift it adds the element's line to the charts. */
  clicked(element: Element | null, add: boolean): void {
    this.select(element);
    if (!add || !element) return;
    const own = this.model.channels.filter((channel) => channel.level === element.level);
    const shown = this.colouring.channel?.name;
    const channel = own.find((c) => c.name === shown) ?? own.find((c) => c.name.endsWith(".temperature")) ?? own[0];
    if (channel) this.charts.toggle(this.model.path(element), channel);
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
    return pickAt(this, x, y);
  }

  async nextSession(step: number): Promise<void> {
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

  /** Whether the camera stands and what it sees is drawn in its final detail. */
  still(): boolean {
    return this.drawing.still();
  }

  view(): View {
    return new View(this.camera, this.seenWidth, this.canvas.clientHeight);
  }
}
