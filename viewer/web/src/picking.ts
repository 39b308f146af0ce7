/** What is under a pixel: a ray against the boxes of everything that stands. */
import * as THREE from "three";
import { type Cards, slotGrid } from "./cards";
import type { Group, SceneModel } from "./scene_model";
import type { Element } from "./scene_types";

/** Where a ray enters a box about the origin's footprint, in the box's frame; Infinity: it misses. */
function enter(origin: THREE.Vector3, direction: THREE.Vector3, size: number[]): number {
  let [near, far] = [0, Infinity];
  const [o, d] = [origin.toArray(), direction.toArray()];
  for (let k = 0; k < 3; k++) {
    const [low, high] = k < 2 ? [-size[k] / 2, size[k] / 2] : [0, size[2]];
    if (Math.abs(d[k]) < 1e-12) {
      if (o[k] < low || o[k] > high) return Infinity;
      continue;
    }
    const [a, b] = [(low - o[k]) / d[k], (high - o[k]) / d[k]];
    near = Math.max(near, Math.min(a, b));
    far = Math.min(far, Math.max(a, b));
  }
  return near <= far ? near : Infinity;
}

export function pick(
  model: SceneModel, ray: THREE.Ray, cards: Map<Group, Cards>, accelerators: boolean,
  standsOut: { gpu: number; distance: number } | null = null, shown: Shown = () => true,
): Element | null {
  const found = nearest(model, ray, shown);
  if (standsOut && standsOut.distance < (found?.distance ?? Infinity)) return { level: "gpu", index: standsOut.gpu };
  if (!found) return null;
  const { group, row, local } = found;
  const index = group.index[row];
  const card = cards.get(group);
  if (accelerators && card) {
    const slot = card.at(slotGrid(group.product), local);
    if (slot >= 0) return { level: "gpu", index: model.firstGpu[index] + slot };
  }
  return { level: group.level, index };
}

/** Whether a row of a group is drawn at the point where a ray meets it. */
export type Shown = (group: Group, row: number, at: THREE.Vector3) => boolean;

interface Hit {
  group: Group;
  row: number;
  /** In the element's own frame. */
  local: THREE.Vector3;
  distance: number;
}

/** What a ray meets first. */
export function nearest(model: SceneModel, ray: THREE.Ray, shown: Shown): Hit | null {
  let found: Hit | null = null;
  const at = new THREE.Vector3();
  for (const group of model.groups) {
    const size = group.product.size;
    for (let row = 0; row < group.index.length; row++) {
      const [c, s] = [group.cos[row], group.sin[row]];
      const dx = ray.origin.x - group.position[3 * row];
      const dy = ray.origin.y - group.position[3 * row + 1];
      const origin = new THREE.Vector3(c * dx + s * dy, c * dy - s * dx, ray.origin.z - group.position[3 * row + 2]);
      const { x, y, z } = ray.direction;
      const direction = new THREE.Vector3(c * x + s * y, c * y - s * x, z);
      const distance = enter(origin, direction, size);
      if (distance < (found?.distance ?? Infinity) && distance > 0 && shown(group, row, ray.at(distance, at)))
        found = { group, row, local: origin.addScaledVector(direction, distance), distance };
    }
  }
  return found;
}

/** Tells whether anything standing hides a point from `from`. */
export function blocker(model: SceneModel, from: THREE.Vector3): (x: number, y: number, z: number) => boolean {
  return (x, y, z) => {
    for (const { product, position, cos, sin, index } of model.groups) {
      const [halfWidth, halfDepth, height] = [product.size[0] / 2, product.size[1] / 2, product.size[2]];
      for (let row = 0; row < index.length; row++) {
        const [px, py, pz] = [position[3 * row], position[3 * row + 1], position[3 * row + 2]];
        const [c, s] = [cos[row], sin[row]];
        const [ax, ay, az] = [from.x - px, from.y - py, from.z - pz];
        const [bx, by, bz] = [x - px, y - py, z - pz];
        if (az > height && bz > height) continue;
        let [near, far] = [0, 1];
        const clip = (a: number, b: number, low: number, high: number) => {
          const d = b - a;
          if (Math.abs(d) < 1e-12) {
            if (a < low || a > high) far = -1;
            return;
          }
          const [t0, t1] = [(low - a) / d, (high - a) / d];
          near = Math.max(near, Math.min(t0, t1));
          far = Math.min(far, Math.max(t0, t1));
        };
        clip(az, bz, 0, height);
        if (near <= far) clip(c * ax + s * ay, c * bx + s * by, -halfWidth, halfWidth);
        if (near <= far) clip(c * ay - s * ax, c * by - s * bx, -halfDepth, halfDepth);
        if (near < far) return true;
      }
    }
    return false;
  };
}
