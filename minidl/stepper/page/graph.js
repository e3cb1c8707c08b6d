// The graph's part of the page: the drawing, in a view that scrolls, and what folds and scales it.

class Graph {
  constructor(holder, tape, folding, actions) {
    Object.assign(this, { tape, folding, zoom: null, sizes: new Boxes(tape, folding) });
    this.actions = { ...actions, toggle: (container, id) => this.toggle(container, id) };
    this.view = element("div", { class: "view", tabindex: "0", role: "group", "aria-label": "The graph, top to bottom" });
    this.tools = element("div", { class: "tools" });
    holder.append(this.tools, this.view);
    if (folding.all.length > 1) {
      this.tools.append(
        button("Open all", () => this.fold(() => folding.setAll(true))),
        button("Fold all", () => this.fold(() => folding.setAll(false))),
      );
    }
    this.tools.append(
      button("−", () => this.scale(1 / 1.25), { "aria-label": "Smaller" }),
      button("+", () => this.scale(1.25), { "aria-label": "Larger" }),
      button("Fit", () => this.fit()),
    );
  }

  fold(change, focus) {
    change();
    this.build();
    this.show(this.shown);
    if (focus) this.drawing.svg.querySelector(`[data-unit="${focus}"]`)?.focus({ preventScroll: true });
  }

  toggle(container, id) {
    this.fold(() => {
      container.open = !container.open;
      container.byHand = container.open;
    }, id);
  }

  build() {
    this.drawing = new Drawing(this.tape, this.folding, this.sizes, this.actions);
    this.view.replaceChildren(this.drawing.svg);
    this.zoom ??= Math.min(1, Math.max(0.75, (this.view.clientWidth - 8) / this.drawing.size.width));
    this.applyZoom();
  }

  show(state) {
    this.shown = state;
    this.drawing.show(state);
  }

  scrollToLit() {
    const target = this.drawing.lit ?? (this.shown.position === 0 ? this.drawing.nodes.values().next().value : null);
    if (!target) return;
    const { x, y, width, height } = target;
    const { clientWidth, clientHeight, scrollLeft, scrollTop } = this.view;
    const inside = (from, length, start, room) =>
      from * this.zoom >= start + room * 0.12 && (from + length) * this.zoom <= start + room * 0.88;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches || this.tape.steps.length > 2000;
    const to = {
      left: inside(x, width, scrollLeft, clientWidth) ? scrollLeft : (x + width / 2) * this.zoom - clientWidth / 2,
      top: inside(y, height, scrollTop, clientHeight) ? scrollTop : (y + height / 2) * this.zoom - clientHeight / 2,
    };
    if (to.left !== scrollLeft || to.top !== scrollTop) this.view.scrollTo({ ...to, behavior: calm ? "auto" : "smooth" });
  }

  scale(factor) {
    this.zoom = Math.min(2.5, Math.max(0.2, this.zoom * factor));
    this.applyZoom();
    this.scrollToLit();
  }

  fit() {
    const { width, height } = this.drawing.size;
    this.zoom = Math.min(1.4, (this.view.clientWidth - 4) / width, (this.view.clientHeight - 4) / height);
    this.applyZoom();
  }

  applyZoom() {
    for (const side of ["width", "height"]) this.drawing.svg.setAttribute(side, round(this.drawing.size[side] * this.zoom));
  }
}
