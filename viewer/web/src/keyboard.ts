/** What the keys do. */
import type { App } from "./app";
import { PRESETS } from "./palette";
import { savePicture } from "./pictures";

type Actions = Record<string, () => void>;

function actionsOf(app: App): Actions {
  const actions: Actions = {
    c: () => app.colouring.step(1), C: () => app.colouring.step(-1),
    n: () => void app.nextSession(1), p: () => void app.nextSession(-1),
    " ": () => void app.command(app.paused ? "resume" : "pause"), ".": () => void app.command("step", { value: 1 }),
    "+": () => app.time.faster(1), "=": () => app.time.faster(1), "-": () => app.time.faster(-1),
    t: () => app.toggle("theme"), r: () => app.usePreset(app.preset), f: () => app.flyToSelection(),
    s: () => savePicture(app), h: () => app.toggle("help"), "?": () => app.toggle("help"), a: () => app.toggle("fit"),
    l: () => app.toggle("labels"), o: () => app.toggle("flow"), k: () => app.toggle("heat"), v: () => app.clicked(app.selected, true),
    i: () => app.toggle("isolate"), m: () => app.toggle("measure"), x: () => app.toggle("cut"),
    "<": () => app.tools.moveCut(-1), ">": () => app.tools.moveCut(1), ",": () => app.tools.moveCut(-1),
    b: () => app.tools.keepPlace(), B: () => app.tools.nextPlace(), V: () => app.toggle("film"), w: () => app.toggle("power"), e: () => app.toggle("air"), d: () => app.toggle("beside"),
    "[": () => app.time.event(-1), "]": () => app.time.event(1), g: () => app.toggle("fly"), "/": () => app.chooser.search.focus(),
    Escape: () => escape(app),
  };
  PRESETS.forEach((name, k) => { actions[String(k + 1)] = () => app.usePreset(name); });
  return actions;
}

/** What was begun last ends: help, measuring, the diagram, the picking. */
function escape(app: App): void {
  if (!app.help.hidden) app.toggle("help");
  else if (app.tools.measure.on) app.toggle("measure");
  else if (app.oneLine.on) app.toggle("power");
  else app.select(null);
}

/** Listen to the keyboard, but not while something is typed. */
export function useKeys(app: App): void {
  const actions = actionsOf(app);
  window.addEventListener("keyup", (event) => app.navigation.key(event, false));
  window.addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return;
    if (app.navigation.key(event, true)) {
      event.preventDefault();
      return;
    }
    if (target.tagName === "BUTTON" && (event.key === " " || event.key === "Enter")) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
