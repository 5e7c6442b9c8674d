// Messages as arrows from lane to lane.

// Arrows to a pixel's width from which on they are too many for heads, and for full strength.
const CROWDED = 0.6;
const FRAME = 3; // of a leader's band; arrows end outside it, so that their heads are seen

// The message's line on the canvas; nothing if one of its lanes is not shown.
function arrowLine(message, layout) {
  const from = layout.placeOf.get(message.from), to = layout.placeOf.get(message.to);
  if (!from || !to || from === to) return null;
  const down = to.position > from.position;
  const y0 = down ? from.bandBottom : from.bandTop, y1 = down ? to.bandTop - FRAME : to.bandBottom + FRAME;
  const x0 = xOf(message.sent), x1 = xOf(message.until);
  // What was lost ends before it arrives; what is in flight has its end where it is.
  const reach = message.state === 'dropped' ? 0.84 : message.reach;
  const run = message.state === 'dropped' ? reach : 1;
  return {x0, y0, x1: x0 + (x1 - x0) * run, y1: y0 + (y1 - y0) * reach, message};
}

// All that cross the view, in order of sending. Where many share a pixel, one of them stands for all.
function arrowsInView(run, layout) {
  const {messages} = run, arrows = [];
  const crowd = messagesInView(run) / Math.max(view.width - GUTTER, 1);
  const seen = crowd > CROWDED ? new Set() : null;
  for (let i = firstWhere(messages, message => message.sent >= view.t0 - run.longest); i < messages.length; i++) {
    const message = messages[i];
    if (message.sent > view.t1) break;
    if (message.until < view.t0 || !showsMessage(message)) continue;
    const arrow = arrowLine(message, layout);
    if (!arrow) continue;
    if (seen) {
      const place = placeNumber(arrow);
      if (seen.has(place)) continue;
      seen.add(place);
    }
    arrows.push(arrow);
  }
  return {arrows, crowd};
}

// The same for arrows of one look between the same pixels. (A number, since there may be very many.)
function placeNumber({x0, x1, y0, y1, message}) {
  const part = (value, size) => Math.max(0, Math.min(size - 1, Math.round(value)));
  const ends = (part(x0, 8192) * 1024 + part(x1 - x0 + 512, 1024)) * 64 + message.look;
  return (ends * 4096 + part(y0, 4096)) * 512 + part(y1 / 8, 512);
}

function messagesInView(run) {
  const from = firstWhere(run.messages, message => message.sent >= view.t0);
  const to = firstWhere(run.messages, message => message.sent > view.t1);
  let count = to - from;
  if (view.off.size) count = run.messages.slice(from, to).filter(showsMessage).length;
  return count;
}

// Those of one kind and fate share a colour, and are drawn with one stroke.
function drawArrows(pen, {arrows, crowd}) {
  const groups = new Map();
  for (const arrow of arrows) {
    const name = arrow.message.state + ' ' + arrow.message.kind;
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(arrow);
  }
  const strength = Math.min(1, Math.max(0.09, CROWDED / Math.max(crowd, 0.01)));
  for (const group of groups.values()) drawGroup(pen, group, strength, crowd < CROWDED * 2);
  pen.globalAlpha = 1;
}

function drawGroup(pen, group, strength, withEnds) {
  const {kind, state} = group[0].message, colour = messageColour(kind);
  pen.globalAlpha = strength * (state === 'in flight' ? 0.5 : isResponse(kind) ? 0.72 : 1);
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = isResponse(kind) ? 1 : 1.5;
  if (withEnds) pen.setLineDash(state === 'dropped' ? [4, 3] : state === 'in flight' ? [2, 3] : []);
  pen.beginPath();
  for (const {x0, y0, x1, y1} of group) {
    if (!withEnds && Math.abs(x1 - x0) < 2) { // in a crowd most are upright, and so far cheaper
      pen.fillRect(Math.round(x0), Math.min(y0, y1), 1, Math.abs(y1 - y0));
    } else {
      pen.moveTo(x0, y0);
      pen.lineTo(x1, y1);
    }
  }
  pen.stroke();
  pen.setLineDash([]);
  if (!withEnds) return;
  if (state === 'dropped') drawCrosses(pen, group);
  else if (state === 'delivered') drawHeads(pen, group);
  else drawRings(pen, group);
}

function drawHeads(pen, group) {
  pen.beginPath();
  for (const {x0, y0, x1, y1} of group) {
    const angle = Math.atan2(y1 - y0, x1 - x0), size = 7;
    pen.moveTo(x1, y1);
    pen.lineTo(x1 - size * Math.cos(angle - 0.38), y1 - size * Math.sin(angle - 0.38));
    pen.lineTo(x1 - size * Math.cos(angle + 0.38), y1 - size * Math.sin(angle + 0.38));
    pen.closePath();
  }
  pen.fill();
}

function drawCrosses(pen, group) {
  pen.beginPath();
  for (const {x1, y1} of group) {
    pen.moveTo(x1 - 3.5, y1 - 3.5);
    pen.lineTo(x1 + 3.5, y1 + 3.5);
    pen.moveTo(x1 - 3.5, y1 + 3.5);
    pen.lineTo(x1 + 3.5, y1 - 3.5);
  }
  pen.strokeStyle = theme().alarm;
  pen.lineWidth = 1.8;
  pen.stroke();
}

function drawRings(pen, group) {
  pen.beginPath();
  for (const {x1, y1} of group) {
    pen.moveTo(x1 + 3, y1);
    pen.arc(x1, y1, 3, 0, 7);
  }
  pen.stroke();
}

// One arrow on top of all others.
function drawArrowStrong(pen, arrow) {
  pen.lineCap = 'round';
  pen.strokeStyle = theme().pin;
  pen.lineWidth = 5;
  strokeLine(pen, arrow);
  pen.strokeStyle = messageColour(arrow.message.kind);
  pen.lineWidth = 2.5;
  strokeLine(pen, arrow);
  pen.lineCap = 'butt';
  pen.fillStyle = pen.strokeStyle;
  if (arrow.message.state === 'delivered') drawHeads(pen, [arrow]);
  if (arrow.message.state === 'dropped') cross(pen, arrow.x1, arrow.y1, 5, theme().alarm, 3);
}

function strokeLine(pen, {x0, y0, x1, y1}) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}
