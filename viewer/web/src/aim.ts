/** What is meant by a pixel of the view. */
import * as THREE from "three";
import type { App } from "./app";
import { nearest, pick, type Shown } from "./picking";
import type { Element } from "./scene_types";

const AIMED = 260; // pixel of a rack's height from which single accelerators can be aimed at

function rayAt(app: App, x: number, y: number): THREE.Ray {
  const rect = app.canvas.getBoundingClientRect();
  const wide = app.seenWidth; // of the left half, when another session is beside it
  const across = (x - rect.left) % wide;
  const at = new THREE.Vector2((across / wide) * 2 - 1, 1 - ((y - rect.top) / rect.height) * 2);
  const caster = new THREE.Raycaster();
  app.camera.updateMatrixWorld();
  caster.setFromCamera(at, app.camera);
  return caster.ray;
}

/** Only what is drawn can be aimed at. */
const shownIn = (app: App): Shown => (group, row, at) => app.factory.draws(group, row) && !app.tools.cut.hides(at);

export function pickAt(app: App, x: number, y: number): Element | null {
  const ray = rayAt(app, x, y);
  const out = app.factory.opened.pick(ray);
  return near(app, pick(app.model, ray, app.factory.cards, app.colouring.channel?.level === "gpu", out, shownIn(app)));
}

/** The point under a pixel: on what stands there, else on the floor; null in the sky. */
export function pointAt(app: App, x: number, y: number): THREE.Vector3 | null {
  const ray = rayAt(app, x, y);
  const hit = nearest(app.model, ray, shownIn(app));
  if (hit) return ray.at(hit.distance, new THREE.Vector3());
  return ray.intersectPlane(new THREE.Plane(new THREE.Vector3(0, 0, 1), 0), new THREE.Vector3());
}

/** The accelerator where it can be aimed at, else its rack. */
function near(app: App, element: Element | null): Element | null {
  if (element?.level !== "gpu") return element;
  const rack = app.model.parent(element)!;
  const box = app.model.box(rack)!;
  const depth = Math.hypot(...box.low.map((v, k) => (v + box.high[k]) / 2 - app.camera.position.getComponent(k)));
  const tall = app.view().pixels(box.high[2] - box.low[2], depth);
  return tall > AIMED || app.selected?.level === "gpu" || app.factory.opened.shift(element.index) ? element : rack;
}
