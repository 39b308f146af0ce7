import { Api, HttpError } from "./api";
import { App } from "./app";
import "./style.css";
import { h } from "./ui/dom";

const canvas = document.getElementById("view") as HTMLCanvasElement;
const ui = document.getElementById("ui")!;
const api = new Api(new URLSearchParams(location.search).get("session"));
const AGAIN = 1500; // ms

/** Ask for a token; resolves when one was given. */
function askToken(message: string): Promise<void> {
  return new Promise((resolve) => {
    const input = h("input", { type: "password", autocomplete: "off", placeholder: "token" });
    const form = h("form", { id: "token", className: "card" }, h("h2", {}, "This server needs a token"),
      h("p", { className: "muted" }, message), input, h("button", { type: "submit" }, "open"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!input.value.trim()) return;
      api.keepToken(input.value.trim());
      form.remove();
      resolve();
    });
    document.body.append(form);
    input.focus();
  });
}

async function main(): Promise<void> {
  const note = h("p", { id: "wait" }, "opening the factory...");
  document.body.append(note);
  let app: App;
  try {
    app = new App(api, canvas, ui, document.getElementById("labels")!);
  } catch (error) {
    note.textContent = `Cannot draw: ${(error as Error).message}.`;
    return;
  }
  for (;;) {
    try {
      await app.start();
      note.remove();
      (window as unknown as { twin: App }).twin = app;
      return;
    } catch (error) {
      if (error instanceof HttpError && error.status === 401) {
        await askToken(error.message);
        continue;
      }
      note.textContent = `${(error as Error).message} - trying again`;
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
    }
  }
}

void main();
