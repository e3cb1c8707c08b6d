// Source: the learner's lines, and the op's forward beside its rule, with a little colour.

const KEYWORDS =
  "and as assert class def del elif else except False finally for from if import in is lambda None nonlocal not or pass raise " +
  "return True try while with yield";
const STRINGS = [/"""[\s\S]*?"""/, /'''[\s\S]*?'''/, /"(?:\\.|[^"\\\n])*"/, /'(?:\\.|[^'\\\n])*'/].map(({ source }) => source).join("|");
const TOKENS = new RegExp(`(#.*)|(${STRINGS})|(@[\\w.]+)|\\b(${KEYWORDS.replaceAll(" ", "|")})\\b`, "g");
const TOKEN_KINDS = ["comment", "string", "decorator", "keyword"];

function coloured(source) {
  const parts = [];
  let from = 0;
  for (const match of source.matchAll(TOKENS)) {
    parts.push(
      source.slice(from, match.index),
      element("span", { class: TOKEN_KINDS[match.slice(1).findIndex((text) => text != null)] }, match[0]),
    );
    from = match.index + match[0].length;
  }
  return [...parts, source.slice(from)];
}

function sourceBlock(source, title, place = "") {
  return element(
    "div",
    { class: "source" },
    element("h4", {}, title, place && element("span", { class: "type" }, place)),
    element("pre", {}, element("code", {}, coloured(source.replace(/\n+$/, "")))),
  );
}

// The learner's line, with its neighbours.
function learnersLine(tape, line) {
  if (!line) return null;
  const [file, at] = line;
  const known = tape.lines[file] ?? {};
  const shown = [-2, -1, 0, 1, 2].map((by) => at + by).filter((row) => known[row] != null);
  if (!shown.length) return null;
  const indent = Math.min(...shown.filter((row) => known[row].trim()).map((row) => known[row].search(/\S/)), 99);
  const rows = shown.map((row) =>
    element(
      "div",
      { class: row === at ? "line here" : "line" },
      element("span", { class: "row" }, String(row)),
      element("code", {}, coloured(known[row].slice(Math.min(indent, known[row].length)) || " ")),
    ),
  );
  return card("Your line", element("p", { class: "type place" }, `${file}, line ${at}`), element("div", { class: "lines" }, rows));
}

function ruleCard(tape, op) {
  const rule = tape.rules[op];
  if (!rule) return null;
  const place = rule.file ? `${rule.file}${rule.line ? `:${rule.line}` : ""}` : "";
  const blocks = [
    rule.forward && sourceBlock(rule.forward, "Forward", place),
    rule.rule && sourceBlock(rule.rule, "Its rule, backward"),
  ].filter(Boolean);
  if (!blocks.length && !rule.doc) return null;
  if (blocks.length && !rule.rule)
    blocks.push(element("p", { class: "type" }, "It has no rule of its own: its gradient follows from what it is made of."));
  return card(
    "The rule's source",
    blocks.length ? null : element("p", { class: "maths" }, rule.doc),
    element("div", { class: "sources" }, blocks),
  );
}
