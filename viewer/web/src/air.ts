/** Slices of air temperature through the aisles: straight lines between what is known, not CFD. */
import * as THREE from "three";
import type { Frame } from "./decode";
import { MISSING, shades, shadesOf, type Theme } from "./palette";
import type { Aisle, Channel, Point } from "./scene_types";

/** What slices are made of: of cold aisles and of hot ones. */
const MADE_OF = {
  cold: ["rack.air_inlet_temperature", "row.cold_aisle_temperature", "hall.air_supply_temperature"],
  hot: ["rack.air_outlet_temperature", "row.hot_aisle_temperature", "hall.air_return_temperature"],
};
export const AIR_CHANNELS = [...MADE_OF.cold, ...MADE_OF.hot];
export const PLANES = ["off", "vertical", "horizontal", "both"] as const;
export type Planes = (typeof PLANES)[number];
export const RECOMMENDED = 27; // degC, most that ASHRAE TC 9.9 recommends for air into equipment
export const AIR: Channel = {
  name: "air", level: "", title: "Air in the aisles (interpolated, not CFD)", unit: "degC", low: 15, high: 50, warning: RECOMMENDED, limit: null,
  colours: "thermal", resolution: 0.1, description: "Interpolated between racks, aisles and air handlers; not CFD",
};
const TOP = 1.25; // height over the racks' own at which return air is taken to be
const LEVELS = [0, 0.25, 0.5, 0.75, 1, TOP]; // of the racks' height; the last in hot aisles only
const ACROSS = [0, 0.25, 0.5, 0.75, 1]; // of the width, in a horizontal slice
const OFTEN = 400; // ms between new colours

/** A corner of a slice, and what its temperature is made of. */
export interface Corner {
  at: Point;
  hot: boolean;
  racks: number[];
  shares: number[];
  row: number;
  hall: number;
  /** Share of the hall's supply (cold) or return air (hot). */
  part: number;
}

export interface Slices {
  corners: Corner[];
  faces: [number, number, number, number][];
}

/** One slice along the middle of each aisle, upright, and one level at half the racks' height. */
export function airSlices(aisles: Aisle[], planes: Planes): Slices {
  const out: Slices = { corners: [], faces: [] };
  for (const aisle of aisles) {
    const every = [0, aisle.length, ...aisle.places.flat()].map((s) => Math.min(Math.max(s, 0), aisle.length));
    const along = [...new Set(every.map((s) => Math.round(1000 * s) / 1000))].sort((a, b) => a - b);
    const levels = aisle.kind === "hot" ? LEVELS : LEVELS.slice(0, -1);
    if (planes === "vertical" || planes === "both") grid(out, aisle, along, levels.map((z) => [0.5, z]));
    if (planes === "horizontal" || planes === "both") grid(out, aisle, along, ACROSS.map((t) => [t, 0.5]));
  }
  return out;
}

function grid(out: Slices, aisle: Aisle, along: number[], places: number[][]): void {
  const first = out.corners.length;
  const wide = places.length;
  for (const s of along) for (const [t, z] of places) out.corners.push(corner(aisle, s, t, z));
  for (let i = 0; i + 1 < along.length; i++)
    for (let j = 0; j + 1 < wide; j++) {
      const a = first + i * wide + j;
      out.faces.push([a, a + wide, a + wide + 1, a + 1]);
    }
}

function corner(aisle: Aisle, s: number, t: number, z: number): Corner {
  const hot = aisle.kind === "hot";
  const [racks, shares]: [number[], number[]] = [[], []];
  aisle.racks.forEach((own, side) => {
    const at = aisle.places[side];
    const weight = side ? t : 1 - t;
    let k = at.findIndex((place) => place >= s);
    if (k < 0) k = at.length - 1;
    k = Math.max(k, Math.min(1, at.length - 1));
    const part = k ? Math.min(Math.max((s - at[k - 1]) / (at[k] - at[k - 1]), 0), 1) : 1;
    racks.push(own[Math.max(k - 1, 0)], own[k]);
    shares.push(weight * (1 - part), weight * part);
  });
  const place = aisle.origin.map((o, k) =>
    k < 2 ? o + s * aisle.along[k] + t * aisle.width * aisle.across[k] : o + z * aisle.height) as Point;
  const part = hot ? (z - 0.5) / (TOP - 0.5) : (0.5 - z) / 0.5;
  return {
    at: place, hot, racks, shares, row: t > 0.5 ? aisle.rows[aisle.rows.length - 1] : aisle.rows[0], hall: aisle.hall,
    part: Math.min(Math.max(part, 0), 1),
  };
}

/** Temperature of every corner [degC]; NaN where what it is made of is not known. */
export function temperatures({ corners }: Slices, known: Map<string, ArrayLike<number>>): Float32Array<ArrayBuffer> {
  const of = (hot: boolean) => MADE_OF[hot ? "hot" : "cold"].map((name) => known.get(name));
  const columns = { cold: of(false), hot: of(true) };
  const out = new Float32Array(corners.length).fill(NaN);
  corners.forEach(({ hot, racks, shares, row, hall, part }, k) => {
    const [faces, means, halls] = columns[hot ? "hot" : "cold"];
    if (!faces || !means || !halls) return;
    const mean = means[row];
    let [level, left] = [0, 1];
    racks.forEach((rack, i) => {
      level += shares[i] * (Number.isFinite(faces[rack]) ? faces[rack] : mean);
      left -= shares[i];
    });
    out[k] = (1 - part) * (level + left * mean) + part * halls[hall];
  });
  return out;
}

/** Where the recommended temperature is passed in cold aisles: pairs of points. */
export function recommendedLine({ corners, faces }: Slices, values: Float32Array): number[] {
  const out: number[] = [];
  for (const face of faces) {
    if (corners[face[0]].hot) continue;
    const crossed: number[][] = [];
    face.forEach((a, k) => {
      const b = face[(k + 1) % 4];
      const [below, above] = [values[a] - RECOMMENDED, values[b] - RECOMMENDED];
      if (below < 0 === above < 0 || !Number.isFinite(below + above)) return;
      const share = below / (below - above);
      crossed.push(corners[a].at.map((from, i) => from + share * (corners[b].at[i] - from)));
    });
    if (crossed.length === 2) out.push(...crossed[0], ...crossed[1]);
  }
  return out;
}

/** The slices as they are drawn; nothing is made before they are first shown. */
export class AirLayer {
  planes: Planes = "off";
  facts: [string, string][] = [];
  slices: Slices | null = null;
  values = new Float32Array();
  private mesh: THREE.Mesh | null = null;
  private line = new THREE.LineSegments(new THREE.BufferGeometry(), new THREE.LineBasicMaterial());
  readonly known = new Map<string, ArrayLike<number>>();
  private painted = 0;

  constructor(readonly aisles: Aisle[], private theme: Theme, private scene: THREE.Scene) {
    this.line.frustumCulled = false;
    this.setTheme(theme);
  }

  get on(): boolean {
    return this.planes !== "off";
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    (this.line.material as THREE.LineBasicMaterial).color.setRGB(...theme.status.limit, THREE.SRGBColorSpace);
    this.paint();
  }

  show(planes: Planes): void {
    this.remove();
    this.planes = planes;
    if (!this.on) return;
    this.slices = airSlices(this.aisles, planes);
    const { corners, faces } = this.slices;
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute("position", new THREE.Float32BufferAttribute(corners.flatMap(({ at }) => at), 3));
    geometry.setAttribute("color", new THREE.Float32BufferAttribute(new Float32Array(3 * corners.length), 3));
    geometry.setIndex(faces.flatMap(([a, b, c, d]) => [a, b, c, a, c, d]));
    this.mesh = new THREE.Mesh(geometry, new THREE.MeshBasicMaterial({
      vertexColors: true, side: THREE.DoubleSide, transparent: true, opacity: 0.86,
    }));
    this.scene.add(this.mesh, this.line);
    this.paint();
  }

  /** Take a frame; true when the slices have new colours. */
  update(frame: Frame): boolean {
    if (!this.on) return false;
    for (const column of frame.channels) if (AIR_CHANNELS.includes(column.name)) this.known.set(column.name, column.values);
    if (performance.now() - this.painted < OFTEN) return false;
    this.paint();
    return true;
  }

  private paint(): void {
    if (!this.slices || !this.mesh) return;
    this.painted = performance.now();
    this.values = temperatures(this.slices, this.known);
    const { values } = this;
    const table = shades(AIR.colours, this.theme.missing);
    const colours = this.mesh.geometry.attributes.color as THREE.BufferAttribute;
    const one = new THREE.Color();
    const linear = Array.from({ length: MISSING + 1 }, (_, k) =>
      one.setRGB(table[4 * k] / 255, table[4 * k + 1] / 255, table[4 * k + 2] / 255, THREE.SRGBColorSpace).toArray());
    shadesOf(values, AIR.low, AIR.high).forEach((shade, k) => colours.setXYZ(k, ...(linear[shade] as Point)));
    colours.needsUpdate = true;
    this.line.geometry.dispose();
    this.line.geometry = new THREE.BufferGeometry();
    this.line.geometry.setAttribute("position", new THREE.Float32BufferAttribute(recommendedLine(this.slices, values), 3));
    this.facts = this.tell();
  }

  private tell(): [string, string][] {
    const [inlets, outlets] = [MADE_OF.cold[0], MADE_OF.hot[0]].map((name) =>
      Array.from(this.known.get(name) ?? []).filter((value) => Number.isFinite(value)));
    const out: [string, string][] = [];
    const most = (values: number[]) => `${values.reduce((a, b) => Math.max(a, b)).toFixed(1)} °C`;
    if (inlets.length)
      out.push(["warmest inlet", most(inlets)], [`inlets over ${RECOMMENDED} °C`, String(inlets.filter((v) => v > RECOMMENDED).length)]);
    if (outlets.length) out.push(["warmest outlet", most(outlets)]);
    return out;
  }

  remove(): void {
    if (!this.mesh) return;
    this.scene.remove(this.mesh, this.line);
    this.mesh.geometry.dispose();
    (this.mesh.material as THREE.Material).dispose();
    this.mesh = this.slices = null;
  }
}
