/** Small helpers to make elements. */

type Child = Node | string | null | undefined | false;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Record<string, unknown> = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false || value === null) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value as EventListener);
    else if (name in node && name !== "list") (node as unknown as Record<string, unknown>)[name] = value;
    else node.setAttribute(name, String(value));
  }
  node.append(...children.filter((child): child is Node | string => Boolean(child)));
  return node;
}

/** Set a node's text only when it changed. */
export function write(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

const ICONS = {
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  play: "M4 2.5l9.5 5.5L4 13.5z",
  before: "M13 2.5L5.5 8l7.5 5.5zM2.8 3H5v10H2.8z",
  after: "M3 2.5L10.5 8 3 13.5zM11 3h2.2v10H11z",
  pin: "M2 13L5.5 8l3 2.5L14 3",
  step: "M3 3h2.4v10H3zM7.5 2.5L14 8l-6.5 5.5z",
  target: "M8 1v4M8 11v4M1 8h4M11 8h4M8 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 1 0 0-7z",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
};

/** A small drawn sign: fonts differ in what they have. */
export function icon(name: keyof typeof ICONS): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  svg.setAttribute("class", ["target", "close", "pin"].includes(name) ? "icon line" : "icon");
  return svg;
}
