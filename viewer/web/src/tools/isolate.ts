/** Several picked elements, and the factory without everything else. */
import type { SceneModel } from "../scene_model";
import type { Element } from "../scene_types";

const same = (a: Element, b: Element): boolean => a.level === b.level && a.index === b.index;

/** The picked elements, in the order in which they were picked; the last one is shown in the card. */
export class Picked {
  readonly elements: Element[] = [];

  get last(): Element | null {
    return this.elements.at(-1) ?? null;
  }

  set(element: Element | null): void {
    this.elements.length = 0;
    if (element) this.elements.push(element);
  }

  /** Add an element, or let it go when it is there. */
  turn(element: Element): void {
    const here = this.elements.findIndex((own) => same(own, element));
    if (here >= 0) this.elements.splice(here, 1);
    else this.elements.push(element);
  }
}

/** For every row of a level whether it is one of the elements, part of one, or holds one. */
export function belonging(model: SceneModel, level: string, elements: Element[]): Uint8Array {
  const out = new Uint8Array(model.count(level));
  for (const element of elements) {
    const within = model.ancestors(level, element.level);
    if (within) within.forEach((row, k) => { if (row === element.index) out[k] = 1; });
    const holds = model.ancestor(element, level);
    if (holds !== null) out[holds] = 1;
  }
  return out;
}
