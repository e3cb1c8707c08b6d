// A layered drawing (after Sugiyama): ranks by longest path, order within a rank by barycentres, then places as near to the neighbours as
// the widths allow. What is fed by nothing (a parameter) keeps to the right and pulls little: so the way of the data is a straight line.
// A vertex is {id, order, width, height, pin}: ``order`` is its time, ``pin`` "top" or "bottom" for where edges enter or
// leave. An edge is {from, to, …}; ``fromShift`` and ``toShift`` say how far from the centre it leaves or arrives. Coordinates are added:
// x (centre), y (top); to edges, points.

const GAP_X = 22;
const GAP_Y = 26;

function layered(vertices, edges) {
  const byId = new Map(vertices.map((vertex) => [vertex.id, vertex]));
  const size = { width: 0, height: 0 };
  for (const { members, between } of connected(vertices, edges)) {
    const forward = between.filter(({ from, to }) => byId.get(from).order < byId.get(to).order);
    rank(members, forward, byId);
    const rows = routed(members, forward, byId);
    arrange(rows);
    const { width, height } = place(rows);
    const left = size.width && size.width + 2 * GAP_X;
    for (const vertex of rows.flat()) vertex.x += left;
    Object.assign(size, { width: left + width, height: Math.max(size.height, height) });
  }
  for (const vertex of vertices) if (vertex.pin === "bottom") vertex.y = size.height;
  for (const edge of edges) {
    const [from, to] = [byId.get(edge.from), byId.get(edge.to)];
    const chain = edge.chain ?? [];
    const [start, stop] = [from.x + (edge.fromShift ?? 0), to.x + (edge.toShift ?? 0)];
    edge.points = [
      [start, from.y + from.height],
      ...chain.flatMap(({ x, y, height }) => [
        [x, y],
        [x, y + height],
      ]),
      [stop, to.y],
    ];
  }
  return size;
}

// The parts that no edge connects, in time: they stand side by side.
function connected(vertices, edges) {
  const part = new Map(vertices.map(({ id }) => [id, id]));
  const find = (id) => {
    while (part.get(id) !== id) {
      part.set(id, part.get(part.get(id)));
      id = part.get(id);
    }
    return id;
  };
  for (const { from, to } of edges) part.set(find(from), find(to));
  const parts = new Map();
  for (const vertex of vertices) {
    const id = find(vertex.id);
    if (!parts.has(id)) parts.set(id, { members: [], between: [] });
    parts.get(id).members.push(vertex);
  }
  for (const edge of edges) parts.get(find(edge.from)).between.push(edge);
  const made = ({ members }) => Math.min(...members.map(({ order }) => (order < 0 ? Infinity : order)));
  return [...parts.values()].sort((a, b) => made(a) - made(b) || 0);
}

function rank(vertices, edges, byId) {
  const into = new Map(vertices.map(({ id }) => [id, []]));
  const outOf = new Map(vertices.map(({ id }) => [id, []]));
  for (const { from, to } of edges) {
    into.get(to).push(byId.get(from));
    outOf.get(from).push(byId.get(to));
  }
  const base = vertices.some(({ pin }) => pin === "top") ? 1 : 0;
  for (const vertex of [...vertices].sort((a, b) => a.order - b.order)) {
    vertex.rank = vertex.pin === "top" ? 0 : Math.max(base, ...into.get(vertex.id).map((before) => before.rank + 1));
  }
  for (const vertex of vertices) {
    // what nothing feeds stands right above who uses it first
    const after = outOf.get(vertex.id);
    vertex.leaf = !vertex.pin && !into.get(vertex.id).length && after.length > 0;
    if (vertex.leaf) vertex.rank = Math.max(base, Math.min(...after.map((next) => next.rank)) - 1);
  }
  const last = Math.max(0, ...vertices.filter(({ pin }) => pin !== "bottom").map((vertex) => vertex.rank));
  for (const vertex of vertices) if (vertex.pin === "bottom") vertex.rank = last + 1;
}

// Rows of vertices; an edge over several ranks gets a place in each row that it passes, shared by all edges from the same vertex.
function routed(vertices, edges, byId) {
  const rows = [];
  for (const vertex of [...vertices].sort((a, b) => a.order - b.order)) {
    Object.assign(vertex, { above: [], below: [] });
    (rows[vertex.rank] ??= []).push(vertex);
  }
  const link = (above, below, shift) => {
    above.below.push({ vertex: below, shift });
    below.above.push({ vertex: above, shift: -shift });
  };
  const trunks = new Map(vertices.map(({ id }) => [id, []]));
  for (const edge of edges) {
    const [from, to, trunk] = [byId.get(edge.from), byId.get(edge.to), trunks.get(edge.from)];
    edge.chain = [];
    let above = from;
    const leaves = () => (above === from ? (edge.fromShift ?? 0) : 0);
    for (let row = from.rank + 1; row < to.rank; row++) {
      if (!trunk[row]) {
        trunk[row] = { id: null, width: 8, height: 0, above: [], below: [], passing: true };
        (rows[row] ??= []).push(trunk[row]);
        link(above, trunk[row], -leaves());
      }
      edge.chain.push(trunk[row]);
      above = trunk[row];
    }
    link(above, to, (edge.toShift ?? 0) - leaves());
  }
  return Array.from(rows, (row) => leavesBesides(row ?? []));
}

// The row with each leaf right of what goes into the same vertex.
function leavesBesides(row) {
  const result = row.filter(({ leaf }) => !leaf);
  const sharing = (leaf) =>
    result.findLastIndex((other) => other.below.some(({ vertex }) => leaf.below.some((near) => near.vertex === vertex)));
  for (const leaf of row.filter((vertex) => vertex.leaf)) {
    const beside = sharing(leaf);
    result.splice(beside < 0 ? result.length : beside + 1, 0, leaf);
  }
  return result;
}

function arrange(rows) {
  const number = () =>
    rows.forEach((row) =>
      row.forEach((vertex, i) => {
        vertex.at = i;
      }),
    );
  number();
  let best = rows.map((row) => [...row]);
  let fewest = crossings(rows);
  for (let sweep = 0; sweep < 10 && fewest > 0; sweep++) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : [...rows].reverse()) {
      const middle = (vertex) => average((down ? vertex.above : vertex.below).map((near) => near.vertex.at)) ?? vertex.at;
      const centres = new Map(row.map((vertex) => [vertex, middle(vertex)]));
      row.sort((a, b) => centres.get(a) - centres.get(b) || a.at - b.at);
      row.forEach((vertex, i) => {
        vertex.at = i;
      });
    }
    const count = crossings(rows);
    if (count < fewest) [best, fewest] = [rows.map((row) => [...row]), count];
  }
  best.forEach((row, i) => {
    rows[i] = row;
  });
  number();
}

function crossings(rows) {
  let count = 0;
  for (const row of rows) {
    const ends = row.flatMap((vertex) => vertex.below.map((next) => [vertex.at, next.vertex.at]));
    for (let i = 0; i < ends.length; i++) {
      for (let j = i + 1; j < ends.length; j++) if ((ends[i][0] - ends[j][0]) * (ends[i][1] - ends[j][1]) < 0) count++;
    }
  }
  return count;
}

function weight({ leaf }) {
  return leaf ? 0.001 : 1;
}

// Where its neighbours would have a vertex: those of its own kind first, so that both chains of ops and passing edges run straight.
function pulled(vertex, near) {
  const passes = (other) => Boolean(other.passing || other.pin);
  const kin = near.filter((other) => !other.vertex.leaf && passes(other.vertex) === passes(vertex));
  const firm = kin.length ? kin : near.filter((other) => !other.vertex.leaf);
  return average((firm.length ? firm : near).map((other) => other.vertex.x + other.shift));
}

function average(numbers) {
  return numbers.length ? numbers.reduce((sum, x) => sum + x, 0) / numbers.length : null;
}

function place(rows) {
  for (const row of rows) {
    let x = 0;
    for (const vertex of row) {
      vertex.x = x + vertex.width / 2;
      x += vertex.width + GAP_X;
    }
  }
  for (let sweep = 0; sweep < 14; sweep++) {
    const down = sweep % 2 === 0;
    for (const row of down ? rows : [...rows].reverse()) {
      settle(
        row,
        row.map((vertex) => {
          const near = down ? vertex.above : vertex.below;
          return pulled(vertex, near.length ? near : [...vertex.above, ...vertex.below]) ?? vertex.x;
        }),
      );
    }
  }
  const left = Math.min(...rows.flat().map((vertex) => vertex.x - vertex.width / 2));
  let y = 0;
  rows.forEach((row, i) => {
    const height = Math.max(0, ...row.map((vertex) => vertex.height));
    for (const vertex of row) {
      vertex.x -= left;
      if (vertex.passing) vertex.height = height;
      vertex.y = y + (height - vertex.height) / 2;
    }
    if (i < rows.length - 1) y += height + (height && rows[i + 1].some((vertex) => vertex.height) ? GAP_Y : GAP_Y / 2);
    else y += height;
  });
  return { width: Math.max(0, ...rows.flat().map((vertex) => vertex.x + vertex.width / 2)), height: y };
}

// The places nearest to those wished, in the least squares sense, that keep order and distance (pool adjacent violators).
function settle(row, wishes) {
  let offset = 0;
  const blocks = [];
  const offsets = row.map(
    (vertex, i) => (offset += i ? (row[i - 1].width + vertex.width) / 2 + (vertex.passing && row[i - 1].passing ? 6 : GAP_X) : 0),
  );
  row.forEach((vertex, i) => {
    let block = { sum: (wishes[i] - offsets[i]) * weight(vertex), weight: weight(vertex), count: 1 };
    while (blocks.length && blocks.at(-1).sum / blocks.at(-1).weight > block.sum / block.weight) {
      const before = blocks.pop();
      block = { sum: block.sum + before.sum, weight: block.weight + before.weight, count: block.count + before.count };
    }
    blocks.push(block);
  });
  let i = 0;
  for (const block of blocks) for (let k = 0; k < block.count; k++, i++) row[i].x = block.sum / block.weight + offsets[i];
}
