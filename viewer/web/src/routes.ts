/** Pipes and busways: straight pieces as instances, elbows as balls nearby. */
import * as THREE from "three";
import { boxGeometry } from "./models";
import { type Paint, stateMaterial } from "./paint";
import { serviceColour } from "./palette";
import type { SceneModel } from "./scene_model";
import type { View } from "./view";

const THINNEST = 0.7; // pixel
const ELBOW = 5; // pixel from which elbows are round

interface Piece {
  from: THREE.Vector3;
  to: THREE.Vector3;
  diameter: number;
  colour: THREE.Color;
}

export class Pipes {
  private pieces: Piece[] = [];
  private tubes: THREE.InstancedMesh;
  private balls: THREE.InstancedMesh;
  private matrices: THREE.Matrix4[];

  constructor(model: SceneModel, private scene: THREE.Object3D, software: boolean) {
    for (const pipe of model.raw.pipes) {
      const colour = new THREE.Color().setRGB(...serviceColour(pipe.service), THREE.SRGBColorSpace);
      const points = pipe.points.map((p) => new THREE.Vector3(...p));
      for (let k = 1; k < points.length; k++)
        if (points[k].distanceToSquared(points[k - 1]) > 1e-8)
          this.pieces.push({ from: points[k - 1], to: points[k], diameter: pipe.diameter, colour });
    }
    const count = Math.max(1, this.pieces.length);
    const tube = new THREE.CylinderGeometry(0.5, 0.5, 1, software ? 6 : 10, 1, true);
    const material = new THREE.MeshLambertMaterial();
    this.tubes = new THREE.InstancedMesh(tube, material, count);
    this.balls = new THREE.InstancedMesh(new THREE.SphereGeometry(0.5, 10, 8), material, count);
    const up = new THREE.Vector3(0, 1, 0);
    this.matrices = this.pieces.map(({ from, to, diameter }) => {
      const along = to.clone().sub(from);
      const length = along.length();
      return new THREE.Matrix4().compose(
        from.clone().add(to).multiplyScalar(0.5),
        new THREE.Quaternion().setFromUnitVectors(up, along.divideScalar(length)),
        new THREE.Vector3(diameter, length, diameter),
      );
    });
    for (const mesh of [this.tubes, this.balls]) {
      mesh.frustumCulled = false;
      mesh.setColorAt(0, new THREE.Color());
      mesh.count = 0;
      scene.add(mesh);
    }
  }

  refresh(view: View): void {
    let [tubes, balls] = [0, 0];
    const ball = new THREE.Matrix4();
    this.pieces.forEach((piece, k) => {
      const { from, to, diameter } = piece;
      const radius = from.distanceTo(to) / 2 + diameter;
      const depth = view.seen((from.x + to.x) / 2, (from.y + to.y) / 2, (from.z + to.z) / 2, radius);
      if (depth < 0) return;
      const thick = view.pixels(diameter, Math.max(depth - radius, 0.5));
      if (thick < THINNEST) return;
      this.tubes.setMatrixAt(tubes, this.matrices[k]);
      this.tubes.setColorAt(tubes++, piece.colour);
      if (thick < ELBOW) return;
      ball.makeScale(diameter, diameter, diameter).setPosition(to);
      this.balls.setMatrixAt(balls, ball);
      this.balls.setColorAt(balls++, piece.colour);
    });
    for (const [mesh, count] of [[this.tubes, tubes], [this.balls, balls]] as const) {
      mesh.count = count;
      mesh.instanceMatrix.needsUpdate = true;
      mesh.instanceColor!.needsUpdate = true;
    }
  }

  remove(): void {
    for (const mesh of [this.tubes, this.balls]) {
      this.scene.remove(mesh);
      mesh.geometry.dispose();
      mesh.dispose();
    }
  }
}

/** Busways, coloured by their panels' values. */
export class Busways {
  private mesh: THREE.InstancedMesh;
  private shade: THREE.InstancedBufferAttribute;
  private material: ReturnType<typeof stateMaterial>;
  private owner: number[] = [];

  constructor(model: SceneModel, paint: Paint, private scene: THREE.Object3D) {
    this.material = stateMaterial(paint);
    const matrices: THREE.Matrix4[] = [];
    for (const run of model.raw.busways) {
      for (let k = 1; k < run.points.length; k++) {
        const [a, b] = [new THREE.Vector3(...run.points[k - 1]), new THREE.Vector3(...run.points[k])];
        const along = b.clone().sub(a);
        const length = along.length();
        if (length < 1e-4) continue;
        matrices.push(new THREE.Matrix4().compose(
          a.add(b).multiplyScalar(0.5),
          new THREE.Quaternion().setFromUnitVectors(new THREE.Vector3(1, 0, 0), along.divideScalar(length)),
          new THREE.Vector3(length + run.size[0], run.size[0], run.size[1]),
        ));
        this.owner.push(run.index);
      }
    }
    const geometry = boxGeometry([0.6, 0.62, 0.64]);
    this.shade = new THREE.InstancedBufferAttribute(new Uint8Array(Math.max(1, matrices.length)), 1);
    geometry.setAttribute("shade", this.shade);
    this.mesh = new THREE.InstancedMesh(geometry, this.material, Math.max(1, matrices.length));
    this.mesh.count = matrices.length;
    this.mesh.frustumCulled = false;
    matrices.forEach((matrix, k) => this.mesh.setMatrixAt(k, matrix));
    scene.add(this.mesh);
  }

  /** Shades by panel, or null. */
  paint(shades: Uint8Array | null): void {
    this.material.painted.value = shades ? 1 : 0;
    if (!shades) return;
    const out = this.shade.array as Uint8Array;
    this.owner.forEach((panel, k) => { out[k] = shades[panel] ?? 255; });
    this.shade.needsUpdate = true;
  }

  remove(): void {
    this.scene.remove(this.mesh);
    this.mesh.geometry.dispose();
    this.mesh.dispose();
  }
}

