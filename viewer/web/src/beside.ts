/** A second session beside the first: one camera, one channel, and colours of the difference. */
import * as THREE from "three";
import { Api } from "./api";
import type { App } from "./app";
import { Column, type Frame, type Packed } from "./decode";
import { HARDWARE, SOFTWARE } from "./equipment";
import { FactoryView } from "./factory_view";
import { Faults } from "./faults";
import { clock, fittedRange } from "./numbers";
import { SceneModel } from "./scene_model";
import type { Channel, Element } from "./scene_types";
import { Stream } from "./stream";
import { h, write } from "./ui/dom";
import { Legend } from "./ui/legend";

const RESCALE = 2000; // ms between looks whether the scale still fits
const UNKNOWN = -(2 ** 31); // the integer of a value that one side does not have

/** The other's values minus the one's, in steps of the channel's resolution. */
export function differenceOf(one: ArrayLike<number>, other: ArrayLike<number>, channel: Channel): Packed {
  const integers = new Int32Array(other.length);
  for (let k = 0; k < integers.length; k++) {
    const difference = other[k] - one[k];
    integers[k] = Number.isFinite(difference) ? Math.round(difference / channel.resolution) : UNKNOWN;
  }
  return { name: channel.name, level: channel.level, start: 0, count: integers.length, offset: 0, scale: channel.resolution, integers };
}

export class Beside {
  readonly root = h("section", { id: "beside", className: "card", hidden: true });
  readonly legend = new Legend("beside-legend");
  difference = false;
  factory: FactoryView | null = null;
  private scene = new THREE.Scene();
  private stream: Stream | null = null;
  private model: SceneModel | null = null;
  private shown: Channel | null = null; // the difference's scale
  private scaled = 0;
  private run = h("button", { type: "button", title: "Pause or resume the right side" });
  private title = h("b");
  private figures = h("span", { className: "muted" });
  private choice = h("select", { "aria-label": "Session on the right" });

  constructor(private app: App) {
    this.choice.addEventListener("change", () => { void this.open(this.choice.value); this.choice.blur(); });
    this.run.addEventListener("click", () => {
      void this.stream?.command(this.stream.frame?.paused ? "resume" : "pause")
        .catch((error) => app.banner.say((error as Error).message, "limit"));
    });
    this.root.append(this.title, this.choice, this.figures, this.run,
      h("button", { type: "button", title: "Next: difference, then close (d)", onclick: () => app.toggle("beside") }, "difference"),
      h("button", { type: "button", title: "Close", onclick: () => { this.close(); app.press(); } }, "x"));
  }

  get on(): boolean {
    return this.factory !== null;
  }

  /** Whether rows of both sides are the same elements. */
  get same(): boolean {
    return this.model !== null && this.model.raw.digest === this.app.model.raw.digest;
  }

  /** Beside each other, coloured by the difference, alone again. */
  async next(): Promise<void> {
    const { app } = this;
    if (!this.on) return this.begin();
    if (this.difference || !this.comparable()) return this.close();
    this.difference = true;
    this.shown = null;
    this.follow();
    app.banner.say("the right minus the left", "ok", 2500);
  }

  private async begin(): Promise<void> {
    const { app } = this;
    const sessions = await app.api.sessions();
    const own = app.api.session ?? sessions[0]?.id;
    const others = sessions.filter(({ id }) => id !== own);
    if (!others.length) return app.banner.say("only one session is open: nothing to put beside it", "paused");
    this.choice.replaceChildren(...others.map(({ id, title }) => h("option", { value: id }, title ? `${title} (${id})` : id)));
    this.choice.hidden = others.length < 2;
    await this.open(others[0].id);
  }

  private async open(session: string): Promise<void> {
    const { app } = this;
    const api = new Api(session);
    try {
      const model = new SceneModel(await api.scene());
      this.forget();
      this.model = model;
    } catch (error) {
      return app.banner.say((error as Error).message, "limit");
    }
    const { model } = this;
    this.factory = new FactoryView(model, api, this.scene, app.theme, app.software, app.software ? 2 : 8, () => app.drawing.again());
    this.factory.load();
    write(this.title, model.title);
    this.root.hidden = false;
    document.getElementById("ui")!.classList.add("halves");
    this.stream = new Stream();
    this.stream.onFrame = (frame) => this.frameCame(frame);
    this.stream.onNotice = (text) => app.banner.say(text, "limit");
    this.stream.open(api.websocket, api.token);
    void api.events().then((events) => {
      const faults = new Faults();
      for (const event of events) faults.take(event);
      this.factory?.showFaults(faults);
    }).catch(() => {});
    app.drawing.resize();
    this.follow();
    app.press();
  }

  /** Another channel, scale or theme is shown: the right side takes it too. */
  follow(): void {
    const { app, factory, stream, model } = this;
    if (!factory || !stream || !model) return;
    if (this.difference && !this.comparable()) this.difference = false;
    const { channel } = app.colouring;
    const own = channel && model.channel(channel.name) ? channel : null;
    stream.show(own && { channel: own.name, low: own.low, high: own.high, firstGpu: model.firstGpu });
    if (own) stream.subscribe([own.name]);
    if (!this.difference) this.shown = null;
    factory.setChannel(this.difference ? this.shown : own);
    this.legend.show(this.difference ? this.shown : null, app.theme);
    if (stream.frame) this.frameCame(stream.frame);
  }

  /** Outline what is picked, where it is the same element. */
  select(elements: Element[]): void {
    if (this.same) this.factory?.select(elements);
  }

  setTheme(): void {
    this.factory?.setTheme(this.app.theme);
    this.follow();
  }

  private comparable(): boolean {
    if (this.same && this.app.colouring.channel) return true;
    this.app.banner.say(this.same ? "choose a channel first" : "two different layouts: no difference to colour", "paused");
    return false;
  }

  private frameCame(frame: Frame): void {
    const { factory } = this;
    if (!factory || frame.digest !== this.model?.raw.digest) return;
    write(this.run, frame.paused ? "resume" : "pause");
    const hottest = frame.kpi.max_gpu_temperature_c;
    write(this.figures, [clock(frame.time), hottest ? `${hottest.toFixed(1)} °C` : "",
      `${(100 * (frame.kpi.throttled_gpu_fraction || 0)).toFixed(2)}% throttled`].filter(Boolean).join("   "));
    if (this.difference) this.showDifference(frame);
    else factory.update(frame);
    this.app.drawing.again();
  }

  private showDifference(frame: Frame): void {
    const { app, factory } = this;
    const channel = app.model.channel(app.colouring.channel?.name ?? null);
    const [one, other] = [app.stream.frame, frame].map((side) => side?.channels.find((c) => c.name === channel?.name));
    if (!channel || !one || !other || one.packed.count !== other.packed.count || !factory) return;
    const column = new Column(differenceOf(one.values, other.values, channel));
    if (!this.shown || performance.now() - this.scaled > RESCALE) {
      this.scaled = performance.now();
      const most = Math.max(...fittedRange(column.values, { ...channel, low: 0 }).map(Math.abs));
      if (this.shown && most < 1.25 * this.shown.high && most > 0.3 * this.shown.high) return this.paint(frame, column);
      this.shown = { ...channel, title: `${channel.title}: right minus left`, low: -most, high: most, warning: null, limit: null,
        colormap: "difference", colours: "difference" };
      factory.setChannel(this.shown);
      this.legend.show(this.shown, app.theme);
    }
    this.paint(frame, column);
  }

  private paint(frame: Frame, column: Column): void {
    this.factory!.update({ ...frame, channels: [column] });
    this.legend.update(this.factory!.painting);
  }

  refresh(): void {
    this.factory?.refresh(this.app.view(), this.app.software ? SOFTWARE : HARDWARE);
  }

  /** Draw both halves. */
  draw(renderer: THREE.WebGLRenderer, left: THREE.Scene, camera: THREE.Camera): void {
    const [width, height] = [window.innerWidth, window.innerHeight];
    const half = Math.floor(width / 2);
    renderer.setScissorTest(true);
    for (const [scene, x] of [[left, 0], [this.scene, width - half]] as const) {
      renderer.setViewport(x, 0, half, height);
      renderer.setScissor(x, 0, half, height);
      renderer.render(scene, camera);
    }
    renderer.setScissorTest(false);
    renderer.setViewport(0, 0, width, height);
  }

  close(): void {
    this.forget();
    this.difference = false;
    this.root.hidden = true;
    this.legend.show(null, this.app.theme);
    document.getElementById("ui")!.classList.remove("halves");
    this.app.drawing.resize();
  }

  private forget(): void {
    this.stream?.close();
    this.factory?.remove();
    this.stream = this.factory = this.model = this.shown = null;
  }
}
