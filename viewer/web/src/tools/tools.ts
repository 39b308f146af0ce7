/** What people do with the view besides looking: isolate, measure, cut, keep places, film. */
import { pointAt } from "../aim";
import type { App } from "../app";
import { Film } from "../pictures";
import type { Element } from "../scene_types";
import { Bookmarks } from "./bookmarks";
import { Cut } from "./cut";
import { belonging, Picked } from "./isolate";
import { Measure } from "./measure";

export class Tools {
  readonly picked = new Picked();
  readonly cut: Cut;
  readonly measure: Measure;
  readonly film: Film;
  bookmarks!: Bookmarks;
  isolated = false;

  constructor(private app: App) {
    this.cut = new Cut(app.renderer, () => ({ from: app.camera.position, at: app.navigation.orbit.target }));
    this.measure = new Measure(app.scene);
    this.film = new Film(app);
  }

  /** Another layout is shown: what was kept for it comes back. */
  modelCame(): void {
    this.bookmarks = new Bookmarks(`twin.bookmarks.${this.app.model.raw.digest}`);
    this.isolated = false;
    this.showBookmarks();
  }

  isolate(): void {
    if (!this.isolated && !this.picked.last) {
      this.app.banner.say("pick one or more elements first (ctrl + click adds)", "paused");
      return;
    }
    this.isolated = !this.isolated;
    this.showIsolated();
  }

  /** Elements were picked: what is isolated follows. */
  pickedCame(): void {
    if (!this.isolated) return;
    if (!this.picked.last) this.isolated = false;
    this.showIsolated();
  }

  private showIsolated(): void {
    const { model, factory, labels, drawing } = this.app;
    const elements: Element[] | null = this.isolated ? this.picked.elements : null;
    factory.isolate(elements);
    const known = new Map<string, Uint8Array>();
    labels.only = elements && (({ level, index }) => {
      if (!known.has(level)) known.set(level, belonging(model, level, elements));
      return known.get(level)![index] === 1;
    });
    drawing.refresh();
    drawing.unsettle();
    this.app.press();
  }

  toggleMeasure(): void {
    this.measure.toggle();
    this.measureChanged();
    this.app.banner.say(this.measure.on ? "measure: click two points" : "measured no more", "ok", 2500);
  }

  private measureChanged(): void {
    this.app.labels.measured = this.measure.labels;
    this.app.drawing.again();
    this.app.drawing.unsettle();
  }

  /** A click while measuring. */
  measureAt(x: number, y: number): void {
    const point = pointAt(this.app, x, y);
    if (!point) return;
    const words = this.measure.take(point);
    this.app.banner.say(words ?? "and now the other end", "ok", words ? 8000 : 4000);
    this.measureChanged();
  }

  nextCut(): void {
    this.cut.next();
    this.cutChanged();
  }

  moveCut(by: number): void {
    this.cut.move(by);
    this.cutChanged();
  }

  private cutChanged(): void {
    this.app.banner.say(this.cut.words, "ok", 2500);
    this.app.drawing.again();
    this.app.drawing.unsettle();
    this.app.press();
  }

  keepPlace(): void {
    const { navigation, camera, banner } = this.app;
    const number = this.bookmarks.keep({
      position: camera.position.clone(), target: navigation.orbit.target.clone(), angle: camera.fov,
    });
    banner.say(`kept this place as number ${number}; B goes round them`, "ok");
    this.showBookmarks();
  }

  nextPlace(): void {
    const found = this.bookmarks.next();
    if (!found) return this.app.banner.say("no places are kept yet: b keeps one", "paused");
    this.app.navigation.go(found.pose);
    this.app.banner.say(`place ${found.number} of ${this.bookmarks.count}`, "ok", 1500);
  }

  private showBookmarks(): void {
    this.app.chooser.places(this.bookmarks.count, (index) => {
      const found = this.bookmarks.go(index);
      if (found) this.app.navigation.go(found.pose);
    }, (index) => {
      this.bookmarks.remove(index);
      this.showBookmarks();
    });
  }
}
