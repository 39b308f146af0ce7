/** The shown way of an accelerator's heat: line, card, and numbers beside what they are about. */
import type { App } from "./app";
import { places, way } from "./heat_path";
import { HeatCard } from "./ui/heat_card";

export class HeatShow {
  on = false;
  readonly card: HeatCard;
  private spots = new Map<string, [number, number, number]>();

  constructor(private app: App) {
    this.card = new HeatCard(app.api, { select: (element) => app.select(element), close: () => app.toggle("heat"),
      numbers: (texts) => this.write(texts) }, () => app.theme);
  }

  toggle(): void {
    this.on = !this.on;
    this.show();
  }

  private write(texts: Map<string, string>): void {
    this.app.labels.extra = [...texts].flatMap(([level, text]) => {
      const at = this.spots.get(level);
      return at ? [{ text, at }] : [];
    });
    this.app.drawing.placeLabelsIfSettled();
  }

  /** The way of the picked accelerator's heat, or of the hottest one in the picked or hottest rack. */
  show(): void {
    const { model, selected, factory, colouring } = this.app;
    let gpu: number | null = null;
    if (this.on && model.count("gpu")) {
      if (selected?.level === "gpu") gpu = selected.index;
      else {
        const first = model.firstGpu;
        const rack = selected ? model.ancestor(selected, "rack") : null;
        const [from, to] = rack === null ? [0, model.count("gpu")] : [first[rack], first[rack + 1]];
        const values = colouring.channel?.name === "gpu.temperature" ? factory.values : null;
        gpu = from;
        for (let k = from; values && k < to; k++) if (values[k] > values[gpu]) gpu = k;
      }
    }
    const found = gpu === null ? null : way(model, gpu);
    this.spots = found ? places(model, found) : new Map();
    this.app.labels.extra = [];
    this.card.show(model, found);
    factory.showHeat(found);
    this.app.drawing.unsettle();
  }
}
