/** Which channel colours the factory, and on what range. */
import { AIR_CHANNELS } from "./air";
import type { App } from "./app";
import { FLOW_CHANNELS } from "./flow";
import { fittedRange } from "./numbers";
import type { Channel } from "./scene_types";

const HOTTEST = "rack.temperature"; // tells the strip where the hottest GPU is

export class Colouring {
  channel: Channel | null = null; // as it is shown: its range may be fitted
  fitted = false;
  private wasFitted = false;

  constructor(private app: App) {}

  show(name: string | null): void {
    const { app } = this;
    this.fitted = this.fitted && this.channel?.name === name;
    this.channel = app.model.channel(name);
    this.wasFitted = false;
    this.apply();
    this.subscribe();
    app.press();
  }

  /** Ask for what is shown: the channel, flows for the arrows, air for the slices. */
  subscribe(): void {
    const { model, stream, factory } = this.app;
    const wanted = [...FLOW_CHANNELS, ...(factory.air.on ? AIR_CHANNELS : [])].filter((own) => model.channel(own));
    const always = this.app.model.channel(HOTTEST) ? [HOTTEST] : [];
    stream.subscribe([...new Set([...(this.channel ? [this.channel.name] : []), ...wanted, ...always])]);
  }

  /** The channel after this one, or before it. */
  step(by: number): void {
    const names = this.app.model.shownChannels.map((channel) => channel.name);
    const here = names.indexOf(this.channel?.name ?? "");
    this.show(names[(Math.max(here, by > 0 ? -1 : 0) + by + names.length) % names.length]);
  }

  toggleFit(): void {
    this.fitted = !this.fitted;
    this.wasFitted = false;
    this.fit();
  }

  /** New values are there: fit the range to them if that is still to be done. */
  valuesCame(): void {
    if (this.fitted && this.app.factory.values && this.channel && !this.wasFitted) this.fit();
  }

  private fit(): void {
    const own = this.app.model.channel(this.channel?.name ?? null);
    if (!own) return;
    this.channel = own;
    if (this.fitted && this.app.factory.values) {
      const [low, high] = fittedRange(this.app.factory.values, own);
      this.channel = { ...own, low, high };
      this.wasFitted = true;
    }
    this.apply();
  }

  private apply(): void {
    const { channel, app } = this;
    const { stream, factory, legend } = app;
    stream.show(channel && { channel: channel.name, low: channel.low, high: channel.high, firstGpu: app.model.firstGpu });
    const same = factory.channel?.name === channel?.name;
    factory.setChannel(channel);
    legend.show(channel, app.theme);
    if (same && stream.frame) {
      for (const column of stream.frame.channels) delete column.painting;
      factory.update(stream.frame);
      legend.update(factory.painting);
    }
    app.beside.follow();
  }
}
