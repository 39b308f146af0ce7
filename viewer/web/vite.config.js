import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { defineConfig } from "vite";

/** Every file below a folder, sorted by its path with forward slashes. */
function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(import.meta.dirname, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();
}

const digest = (data) => createHash("sha256").update(data).digest("hex");

/** Writes dist/licences.txt: the licences of what is bundled. */
function licences() {
  return {
    name: "licences",
    closeBundle() {
      const { dependencies } = JSON.parse(readFileSync(join(import.meta.dirname, "package.json")));
      const texts = Object.keys(dependencies).map((name) => {
        const text = readFileSync(join(import.meta.dirname, "node_modules", name, "LICENSE"), "utf8");
        return `${name}\n\n${text.trim()}\n`;
      });
      writeFileSync(join(import.meta.dirname, "dist/licences.txt"), texts.join("\n\n"));
    },
  };
}

/** Writes dist/build.json: which sources made which files. The tests compare it without node. */
function record() {
  return {
    name: "record",
    closeBundle() {
      const here = (name) => join(import.meta.dirname, name);
      const sources = [
        ...filesBelow(here("src")),
        "index.html", "package-lock.json", "package.json", "tsconfig.json", "vite.config.js",
      ];
      const hash = createHash("sha256");
      for (const name of sources) hash.update(`${name}\n${digest(readFileSync(here(name)))}\n`);
      const files = {};
      for (const name of filesBelow(here("dist")))
        if (name !== "dist/build.json") files[name.slice(5)] = digest(readFileSync(here(name)));
      writeFileSync(
        here("dist/build.json"),
        JSON.stringify({ source: hash.digest("hex"), files }, null, 1) + "\n",
      );
    },
  };
}

export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    sourcemap: false,
    chunkSizeWarningLimit: 1200,
    rollupOptions: { output: { manualChunks: undefined } },
  },
  worker: { format: "es" },
  plugins: [licences(), record()],
  server: { proxy: { "/api": "http://127.0.0.1:8000", "/ws": { target: "ws://127.0.0.1:8000", ws: true } } },
});
