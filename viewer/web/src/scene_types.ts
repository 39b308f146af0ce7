/** The scene description `twin.scene/1` as it comes from /api/scene. */

export type Point = [number, number, number];

export interface Channel {
  name: string;
  level: string;
  title: string;
  unit: string;
  low: number;
  high: number;
  warning: number | null;
  limit: number | null;
  falling?: boolean;
  colormap?: string;
  colours?: string;
  resolution: number;
  description: string;
}

export interface Slot {
  name: string;
  position: Point;
  size: Point;
}

export interface RawProduct {
  class: string;
  title: string;
  mesh: string;
  size: Point;
  parameters: Record<string, unknown>;
  slots?: Slot[];
}

export interface RawLevel {
  count: number;
  parent: string | null;
  parent_index?: number[];
  names?: string[];
}

/** A cold or hot aisle: docs/PROTOCOL.md. */
export interface Aisle {
  kind: "cold" | "hot";
  hall: number;
  rows: number[];
  origin: Point;
  along: [number, number];
  across: [number, number];
  length: number;
  width: number;
  height: number;
  racks: number[][];
  places: number[][];
}

export interface RawScene {
  schema: string;
  digest: string;
  name: string;
  title: string;
  bounds: [Point, Point];
  levels: Record<string, RawLevel>;
  rack_first_gpu: number[];
  products: Record<string, RawProduct>;
  instances: { level: string; product: string; index: number[]; position: Point[]; yaw: number[] }[];
  pipes: { path: string; service: string; diameter: number; points: Point[]; level: string; index: number }[];
  busways: { path: string; size: [number, number]; points: Point[]; level: string; index: number }[];
  structures: { kind: string; title: string; position: Point; size: Point; level: string; index: number }[];
  links?: Record<string, number[]>;
  aisles?: Aisle[];
  channels: Channel[];
}

/** One element: its level and its row there. */
export interface Element {
  level: string;
  index: number;
}
