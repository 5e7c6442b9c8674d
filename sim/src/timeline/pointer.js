// What is under the pointer, and what pointer, wheel and keys do.

const COLUMN = 16; // pixels
const NEAR = 6; // pixels within which something counts as pointed at

// ----- looking up

// What was drawn, by columns of the canvas, so that a look-up asks few of many.
function columnsOf({arrows, marks}) {
  const columns = Array.from({length: Math.ceil(Math.max(view.width, 1) / COLUMN) + 1}, () => []);
  const add = (item, x0, x1) => {
    const first = Math.max(0, Math.floor((Math.min(x0, x1) - NEAR) / COLUMN));
    const last = Math.min(columns.length - 1, Math.floor((Math.max(x0, x1) + NEAR) / COLUMN));
    for (let i = first; i <= last; i++) columns[i].push(item);
  };
  for (const arrow of arrows) add(arrow, arrow.x0, arrow.x1);
  for (const mark of marks) add(mark, mark.x, mark.x);
  return columns;
}

function distanceTo(item, x, y) {
  if (!item.message) return Math.hypot(item.x - x, item.y - y) - 1.5; // marks lie above arrows
  const {x0, y0, x1, y1} = item, dx = x1 - x0, dy = y1 - y0;
  const part = Math.max(0, Math.min(1, ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x0 + part * dx - x, y0 + part * dy - y);
}

// Records under a point, the nearest first. A band is in front of the arrows that pass behind it.
function recordsAt(run, x, y) {
  if (x < GUTTER || !drawn.layout) return [];
  drawn.columns = drawn.columns || columnsOf(drawn);
  const spans = spansAt(run, x, y), onBand = spans.some(span => span.isBand);
  const near = (drawn.columns[Math.floor(x / COLUMN)] || [])
    .map(item => ({id: item.message ? item.message.id : item.id, distance: distanceTo(item, x, y), isArrow: !!item.message}))
    .filter(item => item.distance <= NEAR && !(onBand && item.isArrow))
    .sort((a, b) => a.distance - b.distance);
  return [...near, ...spans].map(item => item.id);
}

function spansAt(run, x, y) {
  const at = timeAt(x), {layout} = drawn, found = [];
  const holds = span => span.from <= at && at <= span.to;
  if (y < layout.top - MARGIN) return y > AXIS ? run.network.filter(holds) : [];
  const place = layout.places.find(place => y >= place.top && y < place.bottom);
  if (!place) return found;
  if (y >= place.bandTop && y <= place.bandBottom) {
    for (const list of [place.lane.paused, place.lane.down, place.lane.roles, place.lane.up]) found.push(...list.filter(holds));
    return found.filter(span => span.id !== null).map(span => ({id: span.id, isBand: true}));
  }
  if (layout.rows.cuts && y >= place.cuts && y <= place.cuts + layout.rows.cuts) {
    const cuts = place.lane.cuts.filter(holds);
    const pitch = (layout.rows.cuts - 3) / Math.max(run.lanes.length - 1, 1);
    const peers = run.lanes.filter(lane => lane !== place.lane).map(lane => lane.node);
    const distance = span => Math.abs(place.cuts + 2 + (peers.indexOf(span.peer) + 0.5) * pitch - y);
    found.push(...cuts.sort((a, b) => distance(a) - distance(b)));
  }
  return found;
}

// ----- the box beside the pointer

function showTip(run, ids) {
  const tip = element('tip');
  tip.hidden = !ids.length || !view.pointer;
  if (tip.hidden) return;
  const record = run.records[ids[0]], others = ids.slice(1);
  tip.replaceChildren(...cardOf(run, record));
  if (others.length) {
    const also = others.slice(0, 3).map(id => recordTitle(run.records[id])).join(', ');
    tip.append(make('p', {className: 'also'}, `also here: ${also}${others.length > 3 ? ', …' : ''} (click again for the next)`));
  }
  const {width, height} = tip.getBoundingClientRect(), {x, y} = view.pointer;
  tip.style.left = Math.max(4, x + 16 + width > view.width ? x - width - 14 : x + 16) + 'px';
  tip.style.top = Math.max(4, Math.min(y + 16, view.height - height - 6)) + 'px';
}

// ----- pointer and wheel

function listenToPointer(app, canvas) {
  const {run} = app;
  let drag = null;
  const place = event => {
    const box = canvas.getBoundingClientRect();
    return {x: event.clientX - box.left, y: event.clientY - box.top};
  };
  const look = () => {
    const ids = drag && drag.moved ? [] : recordsAt(run, view.pointer.x, view.pointer.y);
    view.hover = ids.length ? ids[0] : null;
    canvas.classList.toggle('over', ids.length > 0);
    showTip(run, ids);
    app.redrawAbove();
  };
  canvas.addEventListener('pointerdown', event => {
    if (event.button !== 0) return;
    drag = {...place(event), t0: view.t0, t1: view.t1, scroll: view.y, moved: false};
    capture(canvas, event);
  });
  canvas.addEventListener('pointermove', event => {
    view.pointer = place(event);
    if (drag) dragTo(app, canvas, drag);
    look();
  });
  canvas.addEventListener('pointerup', event => {
    if (!drag) return;
    const {moved} = drag;
    drag = null;
    canvas.classList.remove('panning');
    view.pointer = place(event);
    if (!moved) pinNext(app, recordsAt(run, view.pointer.x, view.pointer.y));
    look();
  });
  canvas.addEventListener('pointercancel', () => { drag = null; canvas.classList.remove('panning'); });
  canvas.addEventListener('pointerleave', () => {
    view.pointer = view.hover = null;
    showTip(run, []);
    app.redrawAbove();
  });
  canvas.addEventListener('wheel', event => { event.preventDefault(); wheel(app, event, place(event)); look(); }, {passive: false});
  canvas.addEventListener('dblclick', event => { zoom(run, 0.4, timeAt(place(event).x)); app.redraw(); });
}

// A pointer that is gone already, or was made by a script, cannot be captured; nothing is lost by that.
function capture(canvas, event) {
  try { canvas.setPointerCapture(event.pointerId); } catch { /* see above */ }
}

function dragTo(app, canvas, drag) {
  const dx = view.pointer.x - drag.x, dy = view.pointer.y - drag.y;
  if (!drag.moved && Math.hypot(dx, dy) < 4) return;
  drag.moved = true;
  canvas.classList.add('panning');
  const time = dx / (view.width - GUTTER) * (drag.t1 - drag.t0);
  setRange(app.run, drag.t0 - time, drag.t1 - time);
  view.y = drag.scroll - dy;
  app.redraw();
}

function wheel(app, event, place) {
  const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
  const across = event.shiftKey ? event.deltaY || event.deltaX : Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : 0;
  view.pointer = place;
  if (across) pan(app.run, across * unit * (view.t1 - view.t0) / 1200);
  else if (place.x < GUTTER) view.y += event.deltaY * unit;
  else zoom(app.run, Math.exp(event.deltaY * unit * 0.0016), timeAt(place.x));
  app.redraw();
}

// Pins the nearest; if that is pinned already, the one after it.
function pinNext(app, ids) {
  if (!ids.length) return app.pin(null);
  const pinned = ids.indexOf(view.pin);
  app.pin(ids[(pinned + 1) % ids.length]);
}

function listenToOverview(app, canvas) {
  const go = event => {
    const box = canvas.getBoundingClientRect(), [first, last] = wholeRange(app.run), span = view.t1 - view.t0;
    const at = first + (event.clientX - box.left - GUTTER) / (box.width - GUTTER) * (last - first);
    setRange(app.run, at - span / 2, at + span / 2);
    app.redraw();
  };
  canvas.addEventListener('pointerdown', event => { capture(canvas, event); go(event); });
  canvas.addEventListener('pointermove', event => { if (event.buttons & 1) go(event); });
  canvas.addEventListener('wheel', event => {
    event.preventDefault();
    zoom(app.run, Math.exp(event.deltaY * 0.0016));
    app.redraw();
  }, {passive: false});
}

// ----- keys

const KEYS = {
  ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down', '+': 'in', '=': 'in', '-': 'out', 0: 'fit',
  Home: 'begin', End: 'end', v: 'end', e: 'leaderAfter', E: 'leaderBefore', '[': 'before', ']': 'after',
  '/': 'find', Escape: 'unpin',
};

function listenToKeys(app) {
  document.addEventListener('keydown', event => {
    const {target} = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.tagName === 'INPUT' && event.key === 'Escape') target.blur();
    const isTyping = target.tagName === 'INPUT' && target.type === 'search';
    const isList = event.key.startsWith('Arrow') && target.closest && target.closest('aside, details');
    const action = KEYS[event.key];
    if (!action || isTyping || isList) return;
    event.preventDefault();
    app.act(action);
  });
}
