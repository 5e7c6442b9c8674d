// What is drawn in a lane: its band, and the rows above and below. Each leaves marks, for the pointer.

const LABEL = '11px system-ui, "DejaVu Sans", sans-serif';
const SMALL = '10px system-ui, "DejaVu Sans", sans-serif';
const LETTER = 6.3; // about the width of a letter of a label
const CLOSE = 4; // marks that are closer are drawn as mere ticks

// Calls for each item of a list of spans, or of points, that is in view.
function eachSpan(spans, act) {
  for (let i = firstWhere(spans, span => span.to >= view.t0); i < spans.length && spans[i].from <= view.t1; i++) {
    act(spans[i], Math.max(xOf(spans[i].from), GUTTER - 2), Math.min(xOf(spans[i].to), view.width + 2));
  }
}

function eachPoint(points, act) {
  for (let i = firstWhere(points, point => point.at >= view.t0); i < points.length && points[i].at <= view.t1; i++) {
    act(points[i], xOf(points[i].at), i);
  }
}

function cutText(text, width) {
  const letters = Math.floor(width / LETTER);
  return text.length <= letters ? text : letters < 4 ? '' : text.slice(0, letters - 1).trimEnd() + '…';
}

// Text that stays legible above lines.
function haloText(pen, text, x, y, colour) {
  pen.lineWidth = 3;
  pen.lineJoin = 'round';
  pen.strokeStyle = theme().ground;
  pen.strokeText(text, x, y);
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}

function bandWords(span, node) {
  const word = ROLE_WORDS[span.role] || span.role;
  if (span.role === 'Leader') return [`★ leader, term ${span.term}`, `★ T${span.term}`, '★'];
  const whom = span.role === 'Follower' && span.leader !== null && span.leader !== node ? ` of ${span.leader}` : '';
  return [`${word}${whom}, term ${span.term}`, `T${span.term}`];
}

function drawBand(pen, place) {
  const height = place.bandBottom - place.bandTop;
  eachSpan(place.lane.roles, (span, x0, x1) => {
    const look = roleLook(span.role, span.term), width = Math.max(x1 - x0, 1);
    pen.fillStyle = look.fill;
    pen.fillRect(x0, place.bandTop, width, height);
    if (look.pattern && width > 2) {
      pen.fillStyle = pattern(pen, look.pattern);
      pen.fillRect(x0, place.bandTop, width, height);
    }
    if (span.role === 'Follower') { // a weak colour needs an edge to be seen at all
      pen.fillStyle = theme().middle(termHue(span.term));
      pen.fillRect(x0, place.bandTop, width, 1);
      pen.fillRect(x0, place.bandBottom - 1, width, 1);
    }
    if (width > 3) {
      pen.fillStyle = theme().ground;
      pen.fillRect(x0, place.bandTop, 1, height);
    }
  });
}

// A node that runs, and has not told yet what it is.
function drawUp(pen, place) {
  const height = place.bandBottom - place.bandTop;
  eachSpan(place.lane.up, (span, x0, x1) => {
    const width = Math.max(x1 - x0, 1);
    pen.fillStyle = theme().grid;
    pen.fillRect(x0, place.bandTop, width, height);
    pen.strokeStyle = theme().edge;
    pen.lineWidth = 1;
    pen.strokeRect(x0 + 0.5, place.bandTop + 0.5, Math.max(width - 1, 1), height - 1);
    pen.font = LABEL;
    pen.fillStyle = theme().text;
    if (width > 30) pen.fillText('up', x0 + 7, place.bandTop + height / 2 + 0.5);
  });
}

function drawBandWords(pen, place) {
  const middle = (place.bandTop + place.bandBottom) / 2;
  eachSpan(place.lane.roles, (span, x0, x1) => {
    const text = bandWords(span, place.lane.node).find(words => words.length * LETTER + 14 < x1 - x0);
    const look = roleLook(span.role, span.term);
    pen.font = span.role === 'Leader' ? 'bold ' + LABEL : LABEL;
    if (text) quietText(pen, text, x0 + 7, middle, look.fill, look.text);
  });
  pen.font = LABEL;
  eachSpan(place.lane.paused, (span, x0, x1) => {
    if (x1 - x0 > 220) quietText(pen, 'paused', x1 - 48, middle, theme().ground, theme().text);
  });
}

// Text on a ground of its own, above patterns.
function quietText(pen, text, x, middle, ground, colour) {
  pen.fillStyle = ground;
  pen.fillRect(x - 4, middle - 8, pen.measureText(text).width + 8, 16);
  pen.fillStyle = colour;
  pen.fillText(text, x, middle + 0.5);
}

// A leader's span has a frame, so that it is found among narrow ones and far away.
function drawLeaders(pen, place) {
  eachSpan(place.lane.roles.filter(span => span.role === 'Leader'), (span, x0, x1) => {
    pen.fillStyle = theme().strong(termHue(span.term));
    const width = Math.max(x1 - x0, 2);
    pen.fillRect(x0, place.bandTop - FRAME, width, FRAME);
    pen.fillRect(x0, place.bandBottom, width, FRAME);
  });
}

function drawDown(pen, place, marks) {
  const height = place.bandBottom - place.bandTop, middle = place.bandTop + height / 2;
  eachSpan(place.lane.down, (span, x0, x1) => {
    pen.fillStyle = theme().lane;
    pen.fillRect(x0, place.bandTop, Math.max(x1 - x0, 1), height);
    pen.fillStyle = pattern(pen, 'hatch');
    pen.fillRect(x0, place.bandTop, Math.max(x1 - x0, 1), height);
    pen.strokeStyle = theme().down;
    pen.lineWidth = 1;
    pen.strokeRect(x0 + 0.5, place.bandTop + 0.5, Math.max(x1 - x0 - 1, 1), height - 1);
    pen.font = LABEL;
    if (x1 - x0 > 58) haloText(pen, 'down', x0 + 14, middle + 0.5, theme().text);
    if (xOf(span.from) >= GUTTER) {
      cross(pen, xOf(span.from), middle, 6, theme().alarm, 2.5);
      marks.push({x: xOf(span.from), y: middle, id: span.id});
    }
  });
}

function cross(pen, x, y, size, colour, width) {
  pen.beginPath();
  pen.moveTo(x - size, y - size);
  pen.lineTo(x + size, y + size);
  pen.moveTo(x - size, y + size);
  pen.lineTo(x + size, y - size);
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.stroke();
}

function drawPaused(pen, place) {
  const height = place.bandBottom - place.bandTop;
  eachSpan(place.lane.paused, (span, x0, x1) => {
    pen.fillStyle = theme().veil;
    pen.fillRect(x0, place.bandTop, Math.max(x1 - x0, 1), height);
    pen.fillStyle = pattern(pen, 'bars');
    pen.fillRect(x0, place.bandTop, Math.max(x1 - x0, 1), height);
    pen.strokeStyle = theme().text;
    pen.lineWidth = 1;
    pen.strokeRect(x0 + 0.5, place.bandTop + 0.5, Math.max(x1 - x0 - 1, 1), height - 1);
  });
}

// A thin line for each peer that does not hear the node, in the order of the lanes.
function drawCuts(pen, place, layout, run) {
  if (!layout.rows.cuts) return;
  const peers = run.lanes.filter(lane => lane !== place.lane).map(lane => lane.node);
  const pitch = (layout.rows.cuts - 3) / Math.max(peers.length, 1);
  pen.fillStyle = theme().alarm;
  for (const span of place.lane.cuts) {
    if (span.to < view.t0 || span.from > view.t1) continue;
    const x0 = Math.max(xOf(span.from), GUTTER), x1 = Math.min(xOf(span.to), view.width);
    pen.fillRect(x0, place.cuts + 2 + peers.indexOf(span.peer) * pitch, Math.max(x1 - x0, 1), Math.max(pitch - 1, 1));
  }
}

// Ticks with the index beside them, where there is room.
function drawIndexes(pen, points, y, colour, marks) {
  let labelEnd = GUTTER, last = -9;
  pen.font = SMALL;
  eachPoint(points, (point, x, position) => {
    if (x - last < 1) return;
    last = x;
    pen.fillStyle = colour;
    pen.fillRect(Math.round(x), y + 1, 2, 9);
    marks.push({x, y: y + 5, id: point.id});
    const next = points[position + 1], text = String(point.index);
    const room = (next ? xOf(next.at) : Infinity) - x;
    if (x >= labelEnd && room > text.length * 6 + 7) {
      haloText(pen, text, x + 4, y + 6, colour);
      labelEnd = x + text.length * 6 + 9;
    }
  });
}

// Calls are hollow, answers are full; a line joins them.
function drawClients(pen, place, run, marks) {
  const y = place.clients + 6, {clients} = place.lane;
  let last = -9;
  pen.font = SMALL;
  eachPoint(clients, (record, x, position) => {
    const {answered} = run.operations.get(record.operation) || {};
    const colour = isRefusal(record) ? theme().dim : theme().client;
    if (record.type === 'called') {
      pen.globalAlpha = 0.45;
      pen.fillStyle = colour;
      const end = answered ? xOf(answered.at) : view.width;
      pen.fillRect(x, y - 0.5, Math.max(Math.min(end, view.width) - x, 0), 1);
      pen.globalAlpha = 1;
      if (answered && end - x < CLOSE) return; // the answer, which tells of the call, stands for both
    }
    if (x - last < 1) return;
    last = x;
    const room = roomAfter(clients, position, x);
    if (room < CLOSE) tick(pen, x, y, colour); else triangle(pen, x, y, record.type === 'called', colour);
    marks.push({x, y, id: record.id});
    const text = cutText(record.text, Math.min(room - 14, 180));
    if (text) haloText(pen, text, x + 7, y + 0.5, theme().text);
  });
}

// The many calls that came to nothing are told from those that did.
function isRefusal(record) {
  return record.type === 'answered' && /^(refused|unknown|no leader)/i.test(record.text);
}

function roomAfter(points, position, x) {
  const next = points[position + 1];
  return next ? xOf(next.at) - x : Infinity;
}

function tick(pen, x, y, colour) {
  pen.fillStyle = colour;
  pen.fillRect(x, y - 4, 1, 8);
}

function triangle(pen, x, y, isCall, colour) {
  const tip = isCall ? 5 : -5;
  pen.beginPath();
  pen.moveTo(x - 4.5, y - tip * 0.8);
  pen.lineTo(x + 4.5, y - tip * 0.8);
  pen.lineTo(x, y + tip);
  pen.closePath();
  pen.fillStyle = isCall ? theme().ground : colour;
  pen.fill();
  pen.strokeStyle = colour;
  pen.lineWidth = 1.4;
  pen.stroke();
}

function drawNotes(pen, place, marks) {
  const y = place.notes + 6, notes = place.lane.notes.filter(showsRecord);
  let last = -9;
  pen.font = SMALL;
  eachPoint(notes, (record, x, position) => {
    if (x - last < 1) return;
    last = x;
    const room = roomAfter(notes, position, x), colour = noteColour(noteKind(record));
    if (room < CLOSE) tick(pen, x, y, colour); else diamond(pen, x, y, colour);
    marks.push({x, y, id: record.id});
    const text = cutText(record.text, Math.min(room - 14, 330));
    if (text) haloText(pen, text, x + 7, y + 0.5, theme().text);
  });
}

function diamond(pen, x, y, colour) {
  pen.beginPath();
  pen.moveTo(x, y - 5);
  pen.lineTo(x + 5, y);
  pen.lineTo(x, y + 5);
  pen.lineTo(x - 5, y);
  pen.closePath();
  pen.fillStyle = colour;
  pen.fill();
}
