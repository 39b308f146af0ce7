/** Events, the faults they begin and end, and a time that is set back. */
import type { App } from "./app";
import { Faults } from "./faults";
import type { TwinEvent } from "./stream";

export class Happenings {
  readonly faults = new Faults();
  lastTime = -Infinity;

  constructor(private app: App) {}

  /** All events anew: of another session's, or of a time that was set back. */
  async reload(): Promise<void> {
    const events = await this.app.api.events().catch(() => []);
    this.app.events.clear();
    this.faults.clear();
    for (const event of events) this.take(event, false);
    this.show();
  }

  take(event: TwinEvent, show = true): void {
    if (!this.app.events.add(event)) return;
    this.faults.take(event);
    if (show) this.show();
  }

  private show(): void {
    this.app.time.line.setEvents(this.app.events.rows);
    this.app.factory.showFaults(this.faults);
  }

  async seek(value: number): Promise<void> {
    if (await this.app.command("seek", { value })) await this.setBack(value);
  }

  /** A frame's time: before the last one's it was set back. */
  timeCame(time: number): void {
    if (time < this.lastTime - 1e-6) void this.setBack(time);
    this.lastTime = time;
  }

  private async setBack(time: number): Promise<void> {
    this.lastTime = time;
    this.app.time.line.forgetAfter(time);
    this.app.card.forget();
    this.app.charts.forget();
    await this.reload();
  }
}
