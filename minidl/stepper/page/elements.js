// Elements from plain data. Texts go in as text and attributes as attributes: no markup is ever parsed, whatever the data hold.

function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child != null && child !== false));
  return node;
}

// Icons are drawn, not taken from a font, so that they look alike everywhere.
function icon(path) {
  return drawn("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, drawn("path", { d: path }));
}

function button(text, action, attributes = {}) {
  return element("button", { type: "button", onclick: action, ...attributes }, text);
}

// What leads to another place of the tape is a link: the buttons' names stay those of the controls.
function link(text, action, attributes = {}) {
  return button(text, action, { role: "link", class: "link", ...attributes });
}

function card(title, ...children) {
  return element("section", { class: "card" }, title && element("h3", {}, title), ...children);
}

const measuring = document.createElement("canvas").getContext("2d");
const measured = new Map();

// The width of a text in pixels, in the graph's fonts.
function textWidth(text, font) {
  const key = font + "\n" + text;
  if (!measured.has(key)) {
    measuring.font = font;
    measured.set(key, measuring.measureText(text).width);
  }
  return measured.get(key);
}

function shortened(text, most) {
  return text.length <= most ? text : text.slice(0, most - 1) + "…";
}
