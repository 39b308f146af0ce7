/** The way of one accelerator's heat from die to sky: stages and a line (as viewer/heat_path.py). */
import * as THREE from "three";
import type { Theme } from "./palette";
import type { SceneModel } from "./scene_model";
import type { Element } from "./scene_types";
import shared from "./shared.json";

export interface Stage {
  level: string;
  title: string;
  temperature: string;
  others: string[];
}

const SKY = 7; // m above the cooler at which the line ends
const stages = (rows: unknown[][]): Stage[] => rows.map(([level, title, temperature, others]) =>
  ({ level, title, temperature, others }) as Stage);
const LIQUID = stages(shared.heat_path.liquid);
const AIR = stages(shared.heat_path.air);

export interface Way {
  stages: Stage[];
  rows: Map<string, number>;
}

/** Stages of an accelerator's heat, and the row of the element of each level that it passes. */
export function way(model: SceneModel, gpu: number): Way {
  const { rack } = model.rackOfGpu(gpu);
  const rows = new Map<string, number>([["gpu", gpu], ["rack", rack]]);
  const own: Element = { level: "rack", index: rack };
  for (const level of ["row", "hall", "site"]) {
    const found = model.ancestor(own, level);
    if (found !== null) rows.set(level, found);
  }
  const links = model.raw.links;
  const linked = (name: string, row: number | undefined): number | undefined => {
    const found = row === undefined ? undefined : links?.[name]?.[row];
    return found === undefined || found < 0 ? undefined : found;
  };
  const first = (level: string, parent: string, row: number | undefined): number | undefined => {
    const table = model.raw.levels[level];
    if (row === undefined || table?.parent !== parent) return undefined;
    const found = table.parent_index!.indexOf(row);
    return found < 0 ? undefined : found;
  };
  const cdu = links ? linked("rack_cdu", rack) : first("cdu", "row", rows.get("row"));
  const liquid = cdu !== undefined;
  const hall = rows.get("hall");
  const plant = linked(liquid ? "hall_plant" : "hall_air_plant", hall) ?? first("plant", "site", rows.get("site"));
  const crah = liquid ? undefined : first("crah", "hall", hall);
  const cooler = first("cooler", "plant", plant);
  for (const [level, row] of Object.entries({ cdu, crah, plant, cooler })) if (row !== undefined) rows.set(level, row);
  return { stages: (liquid ? LIQUID : AIR).filter((stage) => rows.has(stage.level)), rows };
}

/** The way as points: out of the rack, along the return pipes, over the cooler. */
export function line(model: SceneModel, { rows }: Way): THREE.Vector3[] {
  const middle = (level: string): THREE.Vector3 => {
    const box = model.box({ level, index: rows.get(level)! })!;
    return new THREE.Vector3(...box.low).add(new THREE.Vector3(...box.high)).multiplyScalar(0.5);
  };
  const top = (level: string): THREE.Vector3 =>
    middle(level).setZ(model.box({ level, index: rows.get(level)! })!.high[2]);
  const points = [middle("gpu")];
  points.push(points[0].clone().setZ(top("rack").z + 0.25));
  const follow = (service: string, level: string, towards?: THREE.Vector3): void => {
    let best: { away: number; rest: THREE.Vector3[] } | null = null;
    for (const pipe of model.raw.pipes) {
      if (pipe.service !== service || pipe.level !== level || pipe.index !== rows.get(level)) continue;
      const route = pipe.points.map((p) => new THREE.Vector3(...p));
      const { away, leg, spot } = nearest(route, points.at(-1)!);
      const rest = [spot, ...route.slice(leg + 1)];
      const length = rest.slice(1).reduce((sum, p, k) => sum + p.distanceTo(rest[k]), 0);
      if (length > 0.3 && (!best || away < best.away)) best = { away, rest };
    }
    if (!best) return;
    let { rest } = best;
    if (towards) {
      const { leg, spot } = nearest(rest, towards);
      rest = [...rest.slice(0, leg + 1), spot];
    }
    points.push(...rest);
  };
  if (rows.has("cdu")) {
    follow("tcs-return", "cdu");
    points.push(top("cdu"));
    follow("fws-return", "cdu");
  } else if (rows.has("crah")) points.push(top("crah"));
  const over = rows.has("cooler") ? top("cooler") : undefined;
  if (rows.has("plant")) {
    follow("fws-return", "plant");
    follow("fws-return", "plant", over);
  }
  if (over) points.push(over, over.clone().setZ(over.z + SKY));
  return points;
}

function nearest(route: THREE.Vector3[], point: THREE.Vector3): { away: number; leg: number; spot: THREE.Vector3 } {
  let best = { away: Infinity, leg: 0, spot: route[0] };
  const piece = new THREE.Line3();
  for (let leg = 0; leg + 1 < route.length; leg++) {
    const spot = piece.set(route[leg], route[leg + 1]).closestPointToPoint(point, true, new THREE.Vector3());
    const away = spot.distanceTo(point);
    if (away < best.away) best = { away, leg, spot };
  }
  return best;
}

/** Where the elements on the way are written at: one place for each level. */
export function places(model: SceneModel, found: Way): Map<string, [number, number, number]> {
  const out = new Map<string, [number, number, number]>();
  for (const { level } of found.stages) {
    const box = level === "site" ? null : model.box({ level, index: found.rows.get(level)! });
    if (!box || level === "row" || level === "hall") continue;
    const [x, y] = [0, 1].map((k) => (box.low[k] + box.high[k]) / 2);
    out.set(level, [x, y, level === "plant" ? box.low[2] + 1 : box.high[2] + 0.1]);
  }
  const end = line(model, found).at(-1);
  if (end && found.rows.has("site") && found.rows.has("cooler")) out.set("site", [end.x, end.y, end.z]);
  return out;
}

/** The line in space: a bright tube seen through everything. */
export class HeatLine {
  private mesh: THREE.Mesh | null = null;
  private material = new THREE.MeshBasicMaterial({ depthTest: false, transparent: true, opacity: 0.9 });

  constructor(private scene: THREE.Object3D) {}

  setTheme(theme: Theme): void {
    this.material.color.setRGB(...theme.selection, THREE.SRGBColorSpace);
  }

  show(points: THREE.Vector3[] | null): void {
    if (this.mesh) {
      this.scene.remove(this.mesh);
      this.mesh.geometry.dispose();
      this.mesh = null;
    }
    if (!points || points.length < 2) return;
    const path = new THREE.CurvePath<THREE.Vector3>();
    for (let k = 1; k < points.length; k++)
      if (points[k].distanceTo(points[k - 1]) > 1e-3) path.add(new THREE.LineCurve3(points[k - 1], points[k]));
    const pieces = path.curves.map((curve) => new THREE.TubeGeometry(curve, 1, 0.055, 6));
    this.mesh = new THREE.Mesh(joined(pieces), this.material);
    this.mesh.renderOrder = 8;
    this.mesh.frustumCulled = false;
    this.scene.add(this.mesh);
  }
}

function joined(pieces: THREE.BufferGeometry[]): THREE.BufferGeometry {
  const position: number[] = [];
  const index: number[] = [];
  for (const piece of pieces) {
    const first = position.length / 3;
    position.push(...(piece.attributes.position.array as Float32Array));
    for (const k of piece.index!.array) index.push(k + first);
    piece.dispose();
  }
  const out = new THREE.BufferGeometry();
  out.setAttribute("position", new THREE.Float32BufferAttribute(position, 3));
  out.setIndex(index);
  return out;
}
