/** When the view is drawn, in which detail, and where its labels stand. */
import * as THREE from "three";
import type { App } from "./app";
import { HARDWARE, SOFTWARE } from "./equipment";
import { scaleOf } from "./numbers";
import { Pacer } from "./pacing";
import { blocker } from "./picking";

const SETTLE = 180; // ms without a move before labels and finer models come
const RELABEL = 1000; // ms between new values in labels
const REFRESH = 120; // ms between choices of detail while the camera moves

export class Drawing {
  drawn = 0;
  firstPicture = 0;
  private pacer: Pacer;
  private dirty = true;
  private moved = 0;
  private refreshed = -1e9;
  private settled = false;
  private labelled = 0;
  private last = 0;

  constructor(private app: App, private labelRoot: HTMLElement) {
    this.pacer = new Pacer(app.renderer, app.software);
  }

  start(): void {
    requestAnimationFrame((now) => this.turn(now));
  }

  /** Something changed: draw again. */
  again(): void {
    this.dirty = true;
  }

  /** Labels and detail are to be chosen again once the camera stands. */
  unsettle(): void {
    this.settled = false;
  }

  cameraMoved(): void {
    this.moved = performance.now();
    this.dirty = true;
    this.settled = false;
  }

  resize(): void {
    const [width, height] = [window.innerWidth, window.innerHeight];
    if (!width || !height) return;
    this.app.renderer.setSize(width, height, false);
    this.app.camera.aspect = this.app.seenWidth / height;
    this.app.camera.updateProjectionMatrix();
    this.cameraMoved();
  }

  /** Whether the camera stands and what it sees is drawn in its final detail. */
  still(): boolean {
    return this.settled && !this.dirty && !this.app.factory.loading;
  }

  private turn(now: number): void {
    requestAnimationFrame((next) => this.turn(next));
    const { app } = this;
    const seconds = (now - this.last) / 1000;
    this.last = now;
    if (app.navigation.tick(seconds)) this.cameraMoved();
    const still = performance.now() - this.moved > SETTLE;
    if (!this.settled && still) {
      this.refresh();
      this.placeLabels();
      this.settled = true;
      this.dirty = true;
    } else if (!still && performance.now() - this.refreshed > REFRESH) this.refresh();
    if (!still) this.labelRoot.style.opacity = "0.25";
    // on a graphics card the arrows run smoothly; a processor moves them when values come
    if (!app.software && !app.paused && app.factory.flow.moving) this.dirty = true;
    if (this.dirty && this.pacer.ready()) this.render();
  }

  refresh(): void {
    this.refreshed = performance.now();
    this.app.factory.refresh(this.app.view(), this.app.software ? SOFTWARE : HARDWARE);
    this.app.beside.refresh();
  }

  /** New values are there: write them into the labels now and then. */
  valuesCame(): void {
    if (this.app.labels.on && this.settled && performance.now() - this.labelled > RELABEL) this.placeLabels();
  }

  placeLabelsIfSettled(): void {
    if (this.settled) this.placeLabels();
  }

  private placeLabels(): void {
    this.labelled = performance.now();
    this.labelRoot.style.opacity = "1";
    const taken = [...document.querySelectorAll<HTMLElement>("#strip, .card:not([hidden]), #banner:not([hidden])")]
      .map((node) => node.getBoundingClientRect());
    const { labels, factory, model, camera, colouring: { channel } } = this.app;
    const scale = channel && scaleOf(channel);
    labels.refresh(this.app.view(), taken, (element) =>
      channel && scale && element.level === channel.level && factory.values && element.level !== "gpu"
        ? scale.text(factory.values[element.index]) : null,
    (x, y, z) => factory.hides(x, y, z) || this.app.tools.cut.hides(new THREE.Vector3(x, y, z)), blocker(model, camera.position));
  }

  render(): void {
    this.dirty = false;
    const { model, camera, factory, paused, scene } = this.app;
    const [low, high] = model.raw.bounds;
    const middle = new THREE.Vector3((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, 0);
    const reach = Math.hypot(high[0] - low[0], high[1] - low[1]);
    const far = camera.position.distanceTo(middle) + 6 * reach;
    const box = new THREE.Box3(new THREE.Vector3(...low), new THREE.Vector3(...high));
    const away = box.distanceToPoint(camera.position);
    camera.near = Math.max(0.05, 0.5 * away, far / 8e4);
    camera.far = far;
    camera.updateProjectionMatrix();
    factory.flow.draw(performance.now(), paused);
    const { beside, renderer } = this.app;
    this.pacer.draw(() => (beside.on ? beside.draw(renderer, scene, camera) : renderer.render(scene, camera)));
    this.drawn += 1;
    if (!this.firstPicture) this.firstPicture = performance.now();
  }
}
