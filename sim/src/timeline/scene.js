// The three canvases: the scene, what lies above it and follows the pointer, and the overview.

// What was drawn last; the pointer looks things up here.
const drawn = {layout: null, arrows: [], marks: [], columns: null};

function penOf(canvas) {
  const scale = devicePixelRatio || 1, {width, height} = canvas.getBoundingClientRect();
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  const pen = canvas.getContext('2d');
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.textBaseline = 'middle';
  return {pen, width, height};
}

function within(pen, x, y, width, height, draw) {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, width, height);
  pen.clip();
  draw();
  pen.restore();
}

function drawScene(run, canvas) {
  const {pen, width, height} = penOf(canvas);
  view.width = width;
  view.height = height;
  const layout = layOut(run), marks = [];
  pen.fillStyle = theme().ground;
  pen.fillRect(0, 0, width, height);
  const step = timeStep();
  within(pen, 0, layout.top, width, height - layout.top, () => drawLaneGrounds(pen, layout));
  within(pen, GUTTER, 0, width - GUTTER, height, () => {
    drawGrid(pen, step, layout);
    drawNetwork(pen, run, layout);
  });
  const found = arrowsInView(run, layout);
  within(pen, GUTTER, layout.top - MARGIN, width - GUTTER, height, () => {
    drawArrows(pen, found);
    for (const place of layout.places) drawLane(pen, place, layout, run, marks);
  });
  within(pen, GUTTER, 0, width - GUTTER, height, () => drawEnd(pen, run));
  Object.assign(drawn, {layout, arrows: found.arrows, marks, columns: null});
}

function drawLaneGrounds(pen, layout) {
  for (const place of layout.places) {
    if (place.position % 2 === 0) continue;
    pen.fillStyle = theme().lane;
    pen.fillRect(0, place.top, view.width, place.bottom - place.top);
  }
}

function drawLane(pen, place, layout, run, marks) {
  drawUp(pen, place);
  drawBand(pen, place);
  drawLeaders(pen, place);
  drawDown(pen, place, marks);
  drawPaused(pen, place);
  drawBandWords(pen, place);
  drawCuts(pen, place, layout, run);
  if (layout.rows.commits) drawIndexes(pen, place.lane.commits, place.commits, theme().commit, marks);
  if (layout.rows.applies) drawIndexes(pen, place.lane.applies, place.applies, theme().apply, marks);
  if (layout.rows.clients) drawClients(pen, place, run, marks);
  if (layout.rows.notes) drawNotes(pen, place, marks);
}

// ----- time

// A round number of microseconds that is about a label wide.
function timeStep() {
  const rough = (view.t1 - view.t0) / Math.max((view.width - GUTTER) / 110, 1);
  const power = Math.max(1, 10 ** Math.floor(Math.log10(rough)));
  return power * [1, 2, 5, 10].find(factor => power * factor >= rough || factor === 10);
}

function drawGrid(pen, step, layout) {
  pen.font = LABEL;
  for (let at = Math.ceil(view.t0 / step) * step; at <= view.t1; at += step) {
    const x = Math.round(xOf(at));
    pen.fillStyle = theme().grid;
    pen.fillRect(x, AXIS - 6, 1, view.height);
    pen.fillStyle = theme().dim;
    if (x + 5 < view.width) pen.fillText(timeText(at, step), x + 5, AXIS / 2);
  }
  pen.fillStyle = theme().edge;
  pen.fillRect(GUTTER, AXIS - 1, view.width, 1);
}

function drawEnd(pen, run) {
  const x = xOf(run.end);
  if (x > view.width || x < GUTTER) return;
  pen.fillStyle = run.violation ? theme().alarmGround : theme().lane;
  pen.globalAlpha = run.violation ? 1 : 0.7;
  pen.fillRect(x, AXIS, view.width - x, view.height);
  pen.globalAlpha = 1;
  pen.fillStyle = run.violation ? theme().alarm : theme().edge;
  pen.fillRect(x, run.violation ? 0 : AXIS, run.violation ? 2 : 1, view.height);
  if (!run.violation) return;
  pen.font = 'bold ' + LABEL;
  const width = pen.measureText('violation').width + 12;
  pen.fillRect(x - width + 2, 3, width, 18);
  pen.fillStyle = theme().ground;
  pen.fillText('violation', x - width + 8, 12.5);
}

function drawNetwork(pen, run, layout) {
  if (layout.top === AXIS + MARGIN) return;
  pen.font = LABEL;
  eachSpan(run.network, (span, x0, x1) => {
    pen.fillStyle = theme().alarmGround;
    pen.fillRect(x0, AXIS + 2, Math.max(x1 - x0, 1), NETWORK - 4);
    pen.fillStyle = theme().alarm;
    pen.fillRect(x0, AXIS + 2, 1.5, NETWORK - 4);
    const text = cutText(span.label, x1 - x0 - 12);
    pen.fillStyle = theme().text;
    if (text) pen.fillText(text, x0 + 6, AXIS + NETWORK / 2 + 0.5);
  });
}

// ----- above the scene

function drawAbove(run, canvas) {
  const {pen, width, height} = penOf(canvas), {layout} = drawn;
  within(pen, GUTTER, 0, width - GUTTER, height, () => {
    drawMatches(pen);
    drawPointerTime(pen);
    for (const id of [view.pin, view.hover]) if (id !== null) drawEmphasis(pen, run, run.records[id], layout);
  });
  drawGutter(pen, run, layout);
  drawScroll(pen, layout);
}

// How much of the lanes is in view, if not all of them.
function drawScroll(pen, {all, room, top}) {
  if (all <= room + 1) return;
  pen.fillStyle = theme().dim;
  pen.globalAlpha = 0.6;
  pen.fillRect(view.width - 6, top + view.y / all * room, 4, room / all * room);
  pen.globalAlpha = 1;
}

function drawPointerTime(pen) {
  if (!view.pointer || view.pointer.x < GUTTER) return;
  const text = timeText(timeAt(view.pointer.x), (view.t1 - view.t0) / 2000);
  pen.fillStyle = theme().edge;
  pen.fillRect(Math.round(view.pointer.x), AXIS, 1, view.height);
  pen.font = 'bold ' + LABEL;
  const wide = pen.measureText(text).width + 10;
  const x = Math.min(Math.max(view.pointer.x - wide / 2, GUTTER), view.width - wide);
  pen.fillStyle = theme().text;
  pen.fillRect(x, 4, wide, 17);
  pen.fillStyle = theme().ground;
  pen.fillText(text, x + 5, 13);
}

function drawMatches(pen) {
  if (!view.query) return;
  let last = -9;
  for (const record of search.matches) {
    const x = xOf(record.at);
    if (x < GUTTER || x > view.width || x - last < 2) continue;
    last = x;
    pen.fillStyle = theme().mark;
    pen.beginPath();
    pen.moveTo(x - 4, AXIS - 8);
    pen.lineTo(x + 4, AXIS - 8);
    pen.lineTo(x, AXIS - 1);
    pen.fill();
    pen.globalAlpha = 0.35;
    pen.fillRect(x - 0.5, AXIS, 1, view.height);
    pen.globalAlpha = 1;
  }
}

function drawEmphasis(pen, run, record, layout) {
  if (record.link) {
    const arrow = arrowLine(record.link, layout);
    if (arrow) drawArrowStrong(pen, arrow);
    return;
  }
  const place = layout.placeOf.get(record.node);
  if (!place) return;
  const span = spanOf(run, record), x = xOf(record.at);
  pen.strokeStyle = theme().pin;
  pen.lineWidth = 2;
  if (span && record.type !== 'cut') {
    pen.strokeRect(x, place.bandTop - 1, Math.max(xOf(span.to) - x, 2), place.bandBottom - place.bandTop + 2);
    return;
  }
  const mark = drawn.marks.find(mark => mark.id === record.id);
  pen.beginPath();
  pen.arc(x, mark ? mark.y : (place.bandTop + place.bandBottom) / 2, 8, 0, 7);
  pen.stroke();
}

// Who the lanes are, and what they are at the pointer's time or else at the right edge.
function drawGutter(pen, run, layout) {
  const at = view.pointer && view.pointer.x >= GUTTER ? timeAt(view.pointer.x) : Math.min(view.t1, run.end);
  pen.fillStyle = theme().edge;
  pen.fillRect(GUTTER - 1, 0, 1, view.height);
  if (layout.top > AXIS + MARGIN) rowName(pen, 'network', AXIS + NETWORK / 2);
  within(pen, 0, layout.top - MARGIN, GUTTER, view.height, () => {
    for (const place of layout.places) drawLaneName(pen, place, layout, stateAt(place.lane, at));
  });
}

function rowName(pen, text, y) {
  pen.font = SMALL;
  pen.fillStyle = theme().dim;
  pen.textAlign = 'right';
  pen.fillText(text, GUTTER - 7, y);
  pen.textAlign = 'left';
}

function drawLaneName(pen, place, layout, state) {
  const {rows} = layout, middle = (place.bandTop + place.bandBottom) / 2;
  pen.font = 'bold 13px system-ui, "DejaVu Sans", sans-serif';
  pen.fillStyle = theme().text;
  pen.fillText(cutText('node ' + place.lane.node, 118), 10, middle - 7);
  pen.font = LABEL;
  pen.fillStyle = state.down ? theme().alarm : theme().dim;
  const words = state.down ? 'down' : !state.role ? (state.up ? 'up' : '–')
    : `${ROLE_WORDS[state.role.role] || state.role.role} T${state.role.term}`;
  pen.fillText(state.paused ? 'paused' : words, 10, middle + 8);
  if (rows.notes) rowName(pen, 'notes', place.notes + 6.5);
  if (rows.clients) rowName(pen, 'clients', place.clients + 6.5);
  const row = (name, index) => `${name} ${index === null ? '–' : index}`;
  if (rows.commits) rowName(pen, row('commit', state.committed), place.commits + 6);
  if (rows.applies) rowName(pen, row('applied', state.applied), place.applies + 6);
  if (rows.cuts) rowName(pen, 'cut links', place.cuts + rows.cuts / 2);
}

// ----- the overview

function overviewX(run, width, at) {
  const [first, last] = wholeRange(run);
  return GUTTER + (at - first) / (last - first) * (width - GUTTER);
}

function drawOverview(run, canvas) {
  const {pen, width, height} = penOf(canvas), high = (height - 12) / Math.max(run.lanes.length, 1);
  const x = at => overviewX(run, width, at);
  run.lanes.forEach((lane, position) => {
    const y = 6 + position * high, bar = (spans, colour) => {
      for (const span of spans) {
        pen.fillStyle = colour(span);
        pen.fillRect(x(span.from), y, Math.max(x(span.to) - x(span.from), 0.8), Math.max(high - 1, 1));
      }
    };
    bar(lane.roles, span => roleLook(span.role, span.term).fill);
    bar(lane.down, () => theme().down);
    bar(lane.roles.filter(span => span.role === 'Leader'), span => theme().strong(termHue(span.term)));
  });
  pen.fillStyle = theme().alarm;
  for (const span of run.network) pen.fillRect(x(span.from), 1, Math.max(x(span.to) - x(span.from), 1), 3);
  if (run.violation) pen.fillRect(x(run.end), 0, 2, height);
  drawWindow(pen, x(view.t0), x(view.t1), width, height);
}

function drawWindow(pen, x0, x1, width, height) {
  pen.fillStyle = theme().veil;
  pen.fillRect(GUTTER, 0, x0 - GUTTER, height);
  pen.fillRect(x1, 0, width - x1, height);
  pen.strokeStyle = theme().pin;
  pen.lineWidth = 2;
  pen.strokeRect(x0 + 1, 1, Math.max(x1 - x0 - 2, 3), height - 2);
  pen.font = LABEL;
  pen.fillStyle = theme().dim;
  pen.fillText('whole run', 10, height / 2);
}
