/** Ground, floors, low walls and soft shadows: everything that stays as it is. */
import * as THREE from "three";
import type { Rgb, Theme } from "./palette";
import type { SceneModel } from "./scene_model";

const CUT = 0.9; // m, height of walls seen from outside
const srgb = (rgb: Rgb) => new THREE.Color().setRGB(...rgb, THREE.SRGBColorSpace);

export class Surroundings {
  readonly root = new THREE.Group();
  private rooms: { low: THREE.Vector3; high: THREE.Vector3; walls: THREE.Mesh }[] = [];

  constructor(model: SceneModel, theme: Theme, private scene: THREE.Scene, anisotropy: number) {
    this.sky(theme);
    this.ground(model, theme);
    const tile = (face: Rgb, line: Rgb, width: number) => tileTexture(face, line, width, anisotropy);
    const looks = {
      ground: tile(theme.ground, theme.ground_line, 0.02),
      floor: tile(theme.floor, theme.floor_line, 0.05),
      room: tile(theme.room, theme.floor_line, 0.016),
    };
    const slabs = model.raw.structures.filter((s) => s.kind === "slab")
      .sort((a, b) => a.position[2] + a.size[2] - b.position[2] - b.size[2]);
    slabs.forEach((s, k) => {
      const top = Math.min(s.position[2] + s.size[2] - 0.01, -0.01) - (s.level === "site" ? 0.02 : 0);
      this.quad(s.position, s.size, top, looks.ground, 5, k + 1);
    });
    const walls: { low: number[]; high: number[] }[] = [];
    for (const s of model.raw.structures) {
      if (!["hall", "room", "building"].includes(s.kind)) continue;
      const hall = s.kind === "hall";
      this.quad(s.position, s.size, s.position[2], hall ? looks.floor : looks.room, hall ? 0.6 : 3, 50);
      if (s.size[2] > 0.5) walls.push({ low: s.position, high: s.position.map((p, k) => p + s.size[k]) });
    }
    this.shadows(model, theme);
    this.walls(walls, theme);
    scene.add(this.root);
  }

  private sky(theme: Theme): void {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [4, 256];
    const draw = canvas.getContext("2d")!;
    const fill = draw.createLinearGradient(0, 0, 0, 256);
    const css = (rgb: Rgb) => `rgb(${rgb.map((c) => Math.round(255 * c)).join(",")})`;
    fill.addColorStop(0, css(theme.sky_top));
    fill.addColorStop(0.55, css(theme.sky_bottom));
    draw.fillStyle = fill;
    draw.fillRect(0, 0, 4, 256);
    const texture = new THREE.CanvasTexture(canvas);
    texture.colorSpace = THREE.SRGBColorSpace;
    this.scene.background = texture;
  }

  /** A wide disc that fades into the horizon's colour. */
  private ground(model: SceneModel, theme: Theme): void {
    const [low, high] = model.raw.bounds;
    const reach = Math.hypot(high[0] - low[0], high[1] - low[1]);
    const radii = [0, 0.75, 1.1, 1.6, 2.4, 3.6, 6, 12, 40];
    const blend = [0, 0, 0.12, 0.32, 0.58, 0.8, 0.94, 1, 1];
    const [near, far] = [srgb(theme.ground), srgb(theme.sky_bottom)];
    const sides = 48;
    const position: number[] = [];
    const color: number[] = [];
    const index: number[] = [];
    radii.forEach((radius, ring) => {
      for (let k = 0; k < sides; k++) {
        const angle = (2 * Math.PI * k) / sides;
        position.push(radius * reach * Math.cos(angle), radius * reach * Math.sin(angle), 0);
        color.push(...near.clone().lerp(far, blend[ring]).toArray());
        const [a, b] = [ring * sides + k, ring * sides + ((k + 1) % sides)];
        if (ring + 1 < radii.length) index.push(a, a + sides, b + sides, a, b + sides, b);
      }
    });
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute("position", new THREE.Float32BufferAttribute(position, 3));
    geometry.setAttribute("color", new THREE.Float32BufferAttribute(color, 3));
    geometry.setIndex(index);
    const material = new THREE.MeshBasicMaterial({ vertexColors: true, depthWrite: false });
    const mesh = new THREE.Mesh(geometry, material);
    mesh.position.set((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, Math.min(low[2], 0) - 0.12);
    mesh.renderOrder = -100;
    this.root.add(mesh);
  }

  private quad(
    low: number[], size: number[], z: number, texture: THREE.Texture, edge: number, order: number,
  ): void {
    const geometry = new THREE.PlaneGeometry(size[0], size[1]);
    const uv = geometry.attributes.uv as THREE.BufferAttribute;
    for (let k = 0; k < uv.count; k++) uv.setXY(k, (uv.getX(k) * size[0]) / edge, (uv.getY(k) * size[1]) / edge);
    const mesh = new THREE.Mesh(geometry, new THREE.MeshBasicMaterial({ map: texture, depthWrite: false }));
    mesh.position.set(low[0] + size[0] / 2, low[1] + size[1] / 2, z);
    mesh.renderOrder = order - 100;
    this.root.add(mesh);
  }

  /** A dark patch with soft edges under everything that stands on a floor. */
  private shadows(model: SceneModel, theme: Theme): void {
    const count = model.groups.reduce((sum, group) => sum + group.index.length, 0);
    if (!count) return;
    const mesh = new THREE.InstancedMesh(new THREE.PlaneGeometry(1, 1), new THREE.MeshBasicMaterial({
      map: softPatch(), transparent: true, opacity: theme.shadow, depthWrite: false, color: 0x000000,
    }), count);
    const matrix = new THREE.Matrix4();
    let at = 0;
    for (const group of model.groups) {
      const [w, d] = group.product.size;
      const soft = Math.min(0.9, 0.25 * Math.min(w, d) + 0.25);
      for (let row = 0; row < group.index.length; row++) {
        const [c, s] = [group.cos[row], group.sin[row]];
        const [x, y, z] = group.position.subarray(3 * row, 3 * row + 3);
        const [a, b] = [w + 2 * soft, d + 2 * soft];
        matrix.set(c * a, -s * b, 0, x, s * a, c * b, 0, y, 0, 0, 1, z + 0.006, 0, 0, 0, 1);
        mesh.setMatrixAt(at++, matrix);
      }
    }
    mesh.renderOrder = -40;
    mesh.frustumCulled = false;
    this.root.add(mesh);
  }

  private walls(rooms: { low: number[]; high: number[] }[], theme: Theme): void {
    if (!rooms.length) return;
    const boxes = (t: number, z0: number, z1: number, colour: Rgb) => {
      const mesh = new THREE.InstancedMesh(
        new THREE.BoxGeometry(1, 1, 1), new THREE.MeshLambertMaterial({ color: srgb(colour) }), 4 * rooms.length,
      );
      let at = 0;
      const matrix = new THREE.Matrix4();
      for (const { low, high } of rooms) {
        const top = Math.min(low[2] + z1, high[2]);
        const sides = [
          [low[0] - t, low[1] - t, high[0] + t, low[1]], [low[0] - t, high[1], high[0] + t, high[1] + t],
          [low[0] - t, low[1], low[0], high[1]], [high[0], low[1], high[0] + t, high[1]],
        ];
        for (const [x0, y0, x1, y1] of sides) {
          matrix.makeScale(x1 - x0, y1 - y0, top - low[2] - z0)
            .setPosition((x0 + x1) / 2, (y0 + y1) / 2, (low[2] + z0 + top) / 2);
          mesh.setMatrixAt(at++, matrix);
        }
      }
      mesh.frustumCulled = false;
      this.root.add(mesh);
    };
    boxes(0.1, 0, CUT, theme.wall);
    boxes(0.13, CUT, CUT + 0.06, theme.wall_edge);
    for (const { low, high } of rooms) {
      const size = high.map((h, k) => h - low[k]);
      const material = new THREE.MeshLambertMaterial({ color: srgb(theme.wall), side: THREE.BackSide });
      const walls = new THREE.Mesh(new THREE.BoxGeometry(size[0], size[1], size[2]), [
        material, material, material, material,
        new THREE.MeshBasicMaterial({ visible: false }), new THREE.MeshBasicMaterial({ visible: false }),
      ]);
      walls.position.set(low[0] + size[0] / 2, low[1] + size[1] / 2, low[2] + size[2] / 2);
      walls.visible = false;
      this.root.add(walls);
      this.rooms.push({ low: new THREE.Vector3(...low), high: new THREE.Vector3(...high), walls });
    }
  }

  /** Raise the walls round a camera inside a room. */
  refresh(position: THREE.Vector3): void {
    for (const { low, high, walls } of this.rooms)
      walls.visible = position.x > low.x && position.y > low.y && position.z > low.z
        && position.x < high.x && position.y < high.y && position.z < high.z;
  }

  /** Whether a point lies behind the raised walls of the room the camera is in. */
  hides(x: number, y: number, z: number): boolean {
    const around = this.rooms.find(({ walls }) => walls.visible);
    if (!around) return false;
    const { low, high } = around;
    return x < low.x || y < low.y || x > high.x || y > high.y || z > high.z + 0.5;
  }

  remove(): void {
    this.scene.remove(this.root);
    this.root.traverse((node) => {
      if (!(node instanceof THREE.Mesh)) return;
      node.geometry.dispose();
      for (const material of [node.material].flat()) {
        (material as THREE.MeshBasicMaterial).map?.dispose();
        material.dispose();
      }
    });
  }
}

function tileTexture(face: Rgb, line: Rgb, width: number, anisotropy: number): THREE.Texture {
  const size = 128;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const draw = canvas.getContext("2d")!;
  const css = (rgb: Rgb) => `rgb(${rgb.map((c) => Math.round(255 * c)).join(",")})`;
  draw.fillStyle = css(face);
  draw.fillRect(0, 0, size, size);
  draw.fillStyle = css(line);
  const half = Math.max(1, Math.round((size * width) / 2));
  for (const at of [0, size - half]) {
    draw.fillRect(at, 0, half, size);
    draw.fillRect(0, at, size, half);
  }
  const texture = new THREE.CanvasTexture(canvas);
  texture.colorSpace = THREE.SRGBColorSpace;
  texture.wrapS = texture.wrapT = THREE.RepeatWrapping;
  texture.anisotropy = anisotropy;
  return texture;
}

function softPatch(): THREE.Texture {
  const size = 64;
  const data = new Uint8Array(4 * size * size);
  const ease = (t: number) => t * t * (3 - 2 * t);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const edge = Math.min(x + 0.5, y + 0.5, size - x - 0.5, size - y - 0.5) / (0.24 * size);
      data[4 * (y * size + x) + 3] = 255 * ease(Math.min(1, edge));
    }
  const texture = new THREE.DataTexture(data, size, size);
  texture.minFilter = THREE.LinearMipmapLinearFilter;
  texture.magFilter = THREE.LinearFilter;
  texture.generateMipmaps = true;
  texture.needsUpdate = true;
  return texture;
}
