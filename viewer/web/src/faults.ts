/** Which faults are in force, told from the events; and what is drawn over what has failed. */
import * as THREE from "three";
import type { Theme } from "./palette";
import type { SceneModel } from "./scene_model";
import type { TwinEvent } from "./stream";

const MOST = 500;

/** Faults in force by path. */
export class Faults {
  private active = new Map<string, Set<string>>();

  /** Take an event; true when a fault began or ended. */
  take(event: TwinEvent): boolean {
    if (event.kind !== "inject" && event.kind !== "clear") return false;
    const key = event.message.replace(/ (injected|cleared).*$/, "");
    const own = this.active.get(event.path) ?? new Set<string>();
    if (event.kind === "inject") own.add(key);
    else own.delete(key);
    if (own.size) this.active.set(event.path, own);
    else this.active.delete(event.path);
    return true;
  }

  clear(): void {
    this.active.clear();
  }

  get paths(): string[] {
    return [...this.active.keys()];
  }

  of(path: string): string[] {
    return [...(this.active.get(path) ?? [])];
  }

  get count(): number {
    return [...this.active.values()].reduce((sum, own) => sum + own.size, 0);
  }
}

const HATCH = `
uniform vec3 colour; varying vec3 vAt;
void main() {
  float stripe = step(0.5, fract((vAt.x + vAt.y + vAt.z) * 5.0));
  gl_FragColor = vec4(colour, mix(0.16, 0.62, stripe));
  #include <colorspace_fragment>
}`;

/** A red hatch over every failed element and a cross above it, seen through everything. */
export class FaultMarks {
  private boxes: THREE.InstancedMesh;
  private crosses: THREE.Points;
  private colour = { value: new THREE.Color() };

  constructor(private scene: THREE.Object3D) {
    const material = new THREE.ShaderMaterial({
      uniforms: { colour: this.colour }, transparent: true, depthWrite: false,
      vertexShader: `varying vec3 vAt;
        void main() { vec4 at = instanceMatrix * vec4(position, 1.0); vAt = at.xyz;
          gl_Position = projectionMatrix * modelViewMatrix * at; }`,
      fragmentShader: HATCH,
    });
    this.boxes = new THREE.InstancedMesh(new THREE.BoxGeometry(1, 1, 1), material, MOST);
    this.boxes.frustumCulled = false;
    this.boxes.count = 0;
    this.boxes.renderOrder = 7;
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute("position", new THREE.BufferAttribute(new Float32Array(3 * MOST), 3));
    this.crosses = new THREE.Points(geometry, new THREE.PointsMaterial({
      size: 26, sizeAttenuation: false, map: cross(), alphaTest: 0.3, transparent: true, depthTest: false,
    }));
    this.crosses.frustumCulled = false;
    this.crosses.renderOrder = 11;
    this.crosses.visible = false;
    scene.add(this.boxes, this.crosses);
  }

  setTheme(theme: Theme): void {
    this.colour.value.setRGB(...theme.status.limit, THREE.SRGBColorSpace);
  }

  show(model: SceneModel, faults: Faults): void {
    const place = this.crosses.geometry.attributes.position as THREE.BufferAttribute;
    const matrix = new THREE.Matrix4();
    let count = 0;
    for (const path of faults.paths) {
      const element = count < MOST ? model.find(path) : null;
      const box = element && model.box(element);
      if (!box) continue;
      const grow = element!.level === "gpu" ? 0.006 : 0.02;
      const size = box.high.map((v, k) => v - box.low[k] + 2 * grow);
      const middle = box.high.map((v, k) => (v + box.low[k]) / 2);
      this.boxes.setMatrixAt(count, matrix.makeScale(size[0], size[1], size[2]).setPosition(middle[0], middle[1], middle[2]));
      place.setXYZ(count++, middle[0], middle[1], box.high[2] + (element!.level === "gpu" ? 0.04 : 0.45));
    }
    this.boxes.count = count;
    this.boxes.instanceMatrix.needsUpdate = place.needsUpdate = true;
    this.crosses.geometry.setDrawRange(0, count);
    this.crosses.visible = count > 0;
  }

  get count(): number {
    return this.boxes.count;
  }

  remove(): void {
    this.scene.remove(this.boxes, this.crosses);
    this.boxes.dispose();
    this.crosses.geometry.dispose();
  }
}

function cross(): THREE.Texture {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const draw = canvas.getContext("2d")!;
  draw.beginPath();
  draw.arc(32, 32, 29, 0, 7);
  draw.fillStyle = "#d81e1e";
  draw.fill();
  draw.lineWidth = 4;
  draw.strokeStyle = "#fff";
  draw.stroke();
  draw.lineWidth = 9;
  draw.lineCap = "round";
  draw.beginPath();
  for (const [x0, y0, x1, y1] of [[21, 21, 43, 43], [43, 21, 21, 43]]) {
    draw.moveTo(x0, y0);
    draw.lineTo(x1, y1);
  }
  draw.stroke();
  const texture = new THREE.CanvasTexture(canvas);
  texture.colorSpace = THREE.SRGBColorSpace;
  return texture;
}
