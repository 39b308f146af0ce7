/** Camera presets: the same views as the desktop viewer's, fitted to what they are about. */
import * as THREE from "three";
import type { Group, SceneModel } from "./scene_model";
import type { Element } from "./scene_types";

export interface Pose {
  position: THREE.Vector3;
  target: THREE.Vector3;
  angle: number;
}

/** Shares of the picture left free: left, right, top, bottom. */
export type Margins = [number, number, number, number];

type Points = THREE.Vector3[];

function corners(low: number[], high: number[]): Points {
  const out: Points = [];
  for (const x of [low[0], high[0]])
    for (const y of [low[1], high[1]]) for (const z of [low[2], high[2]]) out.push(new THREE.Vector3(x, y, z));
  return out;
}

function groupCorners(group: Group, keep: (index: number) => boolean): Points {
  const [low, high] = [[Infinity, Infinity, Infinity], [-Infinity, -Infinity, -Infinity]];
  const reach = Math.hypot(group.product.size[0], group.product.size[1]) / 2;
  let any = false;
  for (let row = 0; row < group.index.length; row++) {
    if (!keep(group.index[row])) continue;
    any = true;
    for (let k = 0; k < 3; k++) {
      const at = group.position[3 * row + k];
      const half = k < 2 ? reach : 0;
      low[k] = Math.min(low[k], at - half);
      high[k] = Math.max(high[k], at + (k < 2 ? reach : group.product.size[2]));
    }
  }
  return any ? corners(low, high) : [];
}

/** A camera that sees all points inside the margins, from an azimuth and elevation in degrees. */
export function fitted(
  points: Points, azimuth: number, elevation: number, angle: number, aspect: number, margins: Margins,
): Pose {
  const [a, e] = [(azimuth * Math.PI) / 180, (elevation * Math.PI) / 180];
  const back = new THREE.Vector3(Math.cos(e) * Math.cos(a), Math.cos(e) * Math.sin(a), Math.sin(e));
  const side = back.clone().negate().cross(new THREE.Vector3(0, 0, 1)).normalize();
  const up = side.clone().cross(back.clone().negate());
  const tangent = Math.tan((angle * Math.PI) / 360);
  const box = new THREE.Box3().setFromPoints(points);
  const middle = box.getCenter(new THREE.Vector3());
  const off = points.map((p) => p.clone().sub(middle));
  const near = off.map((p) => p.dot(back));
  const [left, right, top, bottom] = margins;
  const bounds: [THREE.Vector3, number, number][] = [
    [side, (2 * left - 1) * aspect * tangent, (1 - 2 * right) * aspect * tangent],
    [up, (2 * bottom - 1) * tangent, (1 - 2 * top) * tangent],
  ];
  const ends = bounds.map(([axis, low, high]) => {
    const v = off.map((p) => p.dot(axis));
    return [Math.max(...v.map((x, k) => x + high * near[k])), Math.min(...v.map((x, k) => x + low * near[k]))];
  });
  let distance = Math.max(...near) + 0.1;
  bounds.forEach(([, low, high], k) => { distance = Math.max(distance, (ends[k][0] - ends[k][1]) / (high - low)); });
  const target = middle.clone();
  bounds.forEach(([axis, low, high], k) => {
    target.addScaledVector(axis, (ends[k][0] - high * distance + ends[k][1] - low * distance) / 2);
  });
  return { position: target.clone().addScaledVector(back, distance), target, angle };
}

function fullest(
  points: Points, azimuths: number[], elevation: number, angle: number, aspect: number, margins: Margins,
): Pose {
  return azimuths
    .map((azimuth) => fitted(points, azimuth, elevation, angle, aspect, margins))
    .reduce((best, pose) =>
      pose.position.distanceTo(pose.target) < best.position.distanceTo(best.target) ? pose : best);
}

/** The rack that the presets `aisle` and `rack` are about. */
export function focusRack(model: SceneModel, focus: Element | null): number | null {
  if (!model.count("rack")) return null;
  const own = model.ancestor(focus, "rack");
  if (own !== null) return own;
  const parents = model.raw.levels.rack.parent_index!;
  let row = model.ancestor(focus, "row");
  const hall = model.ancestor(focus, "hall");
  if (row === null && hall !== null) {
    const above = model.ancestors("rack", "hall");
    const rack = above ? above.indexOf(hall) : -1;
    if (rack >= 0) row = parents[rack];
  }
  const members = parents.flatMap((parent, rack) => (parent === (row ?? parents[0]) ? [rack] : []));
  return members.length ? members[members.length >> 1] : 0;
}

export function preset(
  model: SceneModel, name: string, aspect: number, focus: Element | null, margins: Margins,
): Pose {
  const under = (level: string, above: string, index: number) => {
    const rows = model.ancestors(level, above);
    return (row: number) => rows !== null && rows[row] === index;
  };
  const pointsOf = (levels: (level: string) => boolean, above: string, index: number): Points =>
    model.groups.filter((g) => levels(g.level)).flatMap((g) => groupCorners(g, under(g.level, above, index)));
  const everything = (): Points => {
    const points = model.raw.structures
      .filter((s) => s.kind !== "label" && s.kind !== "slab")
      .flatMap((s) => corners(s.position, s.position.map((p, k) => p + s.size[k])));
    points.push(...model.groups.flatMap((g) => groupCorners(g, () => true)));
    return points.length ? points : corners(...model.raw.bounds);
  };
  const site = (): Pose => {
    const own = model.ancestor(focus, "site");
    const many = own === null && model.count("site") > 1;
    const points = own !== null && model.count("site") > 1 ? pointsOf(() => true, "site", own) : everything();
    return fullest(points, many ? [196, 344, 238, 302] : [238, 212, 302, 328], many ? 52 : 33, 28, aspect, margins);
  };
  const hall = (): Pose => {
    const index = model.ancestor(focus, "hall") ?? 0;
    let points = pointsOf((level) => ["rack", "cdu", "panel"].includes(level), "hall", index);
    if (!points.length) points = pointsOf(() => true, "hall", index);
    if (!points.length) points = everything();
    points = points.flatMap((p) => [p, p.clone().add(new THREE.Vector3(1, 1, 0.3)), p.clone().add(new THREE.Vector3(-1, -1, 0))]);
    return fitted(points, 238, 36, 30, aspect, margins);
  };
  const rackFrame = () => {
    const rack = focusRack(model, focus);
    const place = rack === null ? null : model.placeOf("rack", rack);
    if (!place || rack === null) return null;
    const { group, row } = place;
    const front = new THREE.Vector3(group.sin[row], -group.cos[row], 0);
    return {
      rack, front, along: new THREE.Vector3(-front.y, front.x, 0), size: group.product.size,
      foot: new THREE.Vector3().fromArray(group.position, 3 * row),
    };
  };
  const aisle = (): Pose => {
    const frame = rackFrame();
    if (!frame) return hall();
    const { rack, front, along, size } = frame;
    const parents = model.raw.levels.rack.parent_index!;
    const members = parents.flatMap((parent, k) => (parent === parents[rack] ? [k] : []));
    const at = (k: number) => {
      const place = model.placeOf("rack", k)!;
      return new THREE.Vector3().fromArray(place.group.position, 3 * place.row);
    };
    let [near, far] = [at(members[0]), at(members[members.length - 1])];
    if (far.clone().sub(near).dot(along) < 0) [near, far] = [far, near];
    const length = near.distanceTo(far) + size[0];
    const position = near.clone().addScaledVector(along, -1.3).addScaledVector(front, size[1] / 2 + 1.75).setZ(near.z + 1.72);
    const target = near.clone().addScaledVector(along, Math.min(Math.max(0.42 * length, 1.8), 4.5))
      .addScaledVector(front, size[1] / 2).setZ(near.z + 0.53 * size[2]);
    return { position, target, angle: 48 };
  };
  const rack = (): Pose => {
    const frame = rackFrame();
    if (!frame) return hall();
    const { front, along, size, foot } = frame;
    const half = Math.max(size[0], size[1]) / 2;
    const points = corners([foot.x - half, foot.y - half, foot.z], [foot.x + half, foot.y + half, foot.z + size[2]]);
    const from = front.clone().addScaledVector(along, -0.45);
    return fitted(points, (Math.atan2(from.y, from.x) * 180) / Math.PI, 13, 38, aspect, margins);
  };
  const plant = (): Pose => {
    const index = model.ancestor(focus, "plant") ?? 0;
    const points = pointsOf((level) => model.raw.levels[level].parent === "plant", "plant", index);
    return points.length ? fitted(points, 222, 27, 32, aspect, margins) : site();
  };
  const oneLine = (): Pose => {
    const index = model.ancestor(focus, "site") ?? 0;
    const electrical = (level: string) =>
      ["ups", "panel", "generator", "battery", "rack"].includes(level) || level.endsWith("transformer");
    const points = pointsOf(electrical, "site", index);
    return fullest(points.length ? points : everything(), [270, 180], 62, 12, aspect, margins);
  };
  const makers: Record<string, () => Pose> = { site, hall, aisle, rack, plant, "one-line": oneLine };
  return (makers[name] ?? hall)();
}

/** Look at one element from nearby, from where the camera is. `shift`: how far it is drawn out of its rack. */
export function nearby(model: SceneModel, element: Element, from: THREE.Vector3, shift = 0): Pose | null {
  const box = model.box(element);
  if (!box) return null;
  if (element.level === "gpu") { // over the tray that is drawn out of the rack for it
    const rack = model.placeOf("rack", model.rackOfGpu(element.index).rack)!;
    const front = new THREE.Vector3(rack.group.sin[rack.row], -rack.group.cos[rack.row], 0);
    const along = new THREE.Vector3(-front.y, front.x, 0);
    const target = new THREE.Vector3(...box.low).add(new THREE.Vector3(...box.high)).multiplyScalar(0.5)
      .addScaledVector(front, shift);
    const position = target.clone().addScaledVector(front, 0.62).addScaledVector(along, -0.3).setZ(target.z + 0.62);
    return { position, target, angle: 34 };
  }
  const [low, high] = [new THREE.Vector3(...box.low), new THREE.Vector3(...box.high)];
  const target = low.clone().add(high).multiplyScalar(0.5);
  const place = element.level === "rack" ? model.placeOf("rack", element.index) : null;
  const away = from.clone().sub(target);
  if (place) { // racks are looked at from their front
    const front = new THREE.Vector3(place.group.sin[place.row], -place.group.cos[place.row], 0);
    const along = new THREE.Vector3(-front.y, front.x, 0);
    if (away.dot(front) < 0.3 * away.length()) away.copy(front).addScaledVector(along, -0.4);
  }
  away.z = Math.max(away.z, 0.35 * Math.hypot(away.x, away.y));
  const distance = Math.max(2.2 * high.distanceTo(low), 0.6);
  return { position: target.clone().addScaledVector(away.normalize(), distance), target, angle: 34 };
}
