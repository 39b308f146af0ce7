/** Product models: GLB from the server, joined so that a product is drawn with one call. */
import * as THREE from "three";
import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";
import type { Api } from "./api";

export interface Model {
  closed: THREE.BufferGeometry;
  open: THREE.BufferGeometry;
  accelerator: THREE.BufferGeometry | null;
  tray: THREE.BufferGeometry | null;
  triangles: number;
}

type Piece = { geometry: THREE.BufferGeometry; role: number };

export class Models {
  bytes = 0;
  private loader = new GLTFLoader();
  private known = new Map<string, Promise<Model>>();

  constructor(private api: Api, private digest: string) {}

  get(product: string, detail: number): Promise<Model> {
    const key = `${product}/${detail}`;
    let model = this.known.get(key);
    if (!model) {
      model = this.load(product, detail);
      model.catch(() => this.known.delete(key));
      this.known.set(key, model);
    }
    return model;
  }

  private async load(product: string, detail: number): Promise<Model> {
    const data = await this.api.mesh(product, detail, this.digest);
    this.bytes += data.byteLength;
    const file = await this.loader.parseAsync(data, "");
    const pieces: Record<string, Piece[]> = {};
    file.scene.traverse((node) => {
      if (!(node instanceof THREE.Mesh)) return;
      const [use, role] = String(node.userData.name ?? node.name).split("/");
      (pieces[use] ??= []).push({ geometry: node.geometry, role: role === "state" ? 1 : 0 });
    });
    const { always = [], closed = [], open = [], accelerator = [], tray = [] } = pieces;
    const shut = joined([...always, ...closed]);
    return {
      closed: shut,
      open: open.length ? joined([...always, ...open]) : shut,
      accelerator: accelerator.length ? joined(accelerator) : null,
      tray: tray.length ? joined(tray) : null,
      triangles: shut.index!.count / 3,
    };
  }
}

/** One geometry with position, normal, color and role. */
function joined(pieces: Piece[]): THREE.BufferGeometry {
  const count = (pick: (g: THREE.BufferGeometry) => number) =>
    pieces.reduce((sum, piece) => sum + pick(piece.geometry), 0);
  const vertices = count((g) => g.attributes.position.count);
  const position = new Float32Array(3 * vertices);
  const normal = new Float32Array(3 * vertices);
  const color = new Uint8Array(3 * vertices);
  const role = new Uint8Array(vertices);
  const index = new Uint32Array(count((g) => g.index!.count));
  let [first, corner] = [0, 0];
  for (const { geometry, role: own } of pieces) {
    const here = geometry.attributes.position.count;
    position.set(geometry.attributes.position.array as Float32Array, 3 * first);
    normal.set(geometry.attributes.normal.array as Float32Array, 3 * first);
    const rgba = geometry.attributes.color;
    for (let k = 0; k < here; k++) {
      color[3 * (first + k)] = 255 * rgba.getX(k) + 0.5;
      color[3 * (first + k) + 1] = 255 * rgba.getY(k) + 0.5;
      color[3 * (first + k) + 2] = 255 * rgba.getZ(k) + 0.5;
    }
    role.fill(own, first, first + here);
    for (let k = 0; k < geometry.index!.count; k++) index[corner + k] = geometry.index!.getX(k) + first;
    first += here;
    corner += geometry.index!.count;
    geometry.dispose();
  }
  const out = new THREE.BufferGeometry();
  out.setAttribute("position", new THREE.BufferAttribute(position, 3));
  out.setAttribute("normal", new THREE.BufferAttribute(normal, 3));
  out.setAttribute("color", new THREE.BufferAttribute(color, 3, true));
  out.setAttribute("role", new THREE.BufferAttribute(role, 1));
  out.setIndex(new THREE.BufferAttribute(index, 1));
  return out;
}

/** A box of one colour for everything that has no model: the whole of it shows the state. */
export function boxGeometry(rgb: readonly number[], role = 1): THREE.BufferGeometry {
  const box = new THREE.BoxGeometry(1, 1, 1);
  box.deleteAttribute("uv");
  return plain(box, rgb, role);
}

/** Give a geometry one colour and role. */
export function plain(
  geometry: THREE.BufferGeometry, rgb: readonly number[], role: number,
): THREE.BufferGeometry {
  const count = geometry.attributes.position.count;
  const linear = new THREE.Color().setRGB(rgb[0], rgb[1], rgb[2], THREE.SRGBColorSpace);
  const color = new Float32Array(3 * count);
  for (let k = 0; k < count; k++) linear.toArray(color, 3 * k);
  geometry.setAttribute("color", new THREE.BufferAttribute(color, 3));
  geometry.setAttribute("role", new THREE.BufferAttribute(new Uint8Array(count).fill(role), 1));
  return geometry;
}
