// What is in view, where it is on the canvas, and how it is kept in the address.

const GUTTER = 132; // left of the plot: who a lane is, and what it is at the pointer's time
const AXIS = 26;
const NETWORK = 22; // the row of partitions, if there are any
const MARGIN = 6;
const GAP_MIN = 12; // between the rows of two lanes
const SPAN_MIN = 20; // microseconds

const view = {
  t0: 0, t1: 1, // the times at the plot's edges
  y: 0, // how far the lanes are scrolled
  width: 0, height: 0, // of the canvas
  pin: null, // a record's number
  hover: null, // the same
  pointer: null, // {x, y}
  query: '',
  off: new Set(), // filters that are switched off, by name
};

function shows(name) {
  return !view.off.has(name);
}

function showsMessage(message) {
  return shows('m:' + message.kind) && shows('o:' + message.state);
}

function showsRecord(record) {
  if (!shows('node:' + record.node)) return false;
  if (record.link) return showsMessage(record.link);
  switch (record.type) {
    case 'committed': case 'applied': return shows('e:' + record.type);
    case 'called': case 'answered': return shows('e:clients');
    case 'cut': case 'mended': return shows('e:cuts');
    case 'note': case 'configured': return shows('n:' + noteKind(record));
    default: return true;
  }
}

// ----- time and place

// A little room at both ends, so that the last things are not at the very edge.
function wholeRange(run) {
  return [run.begin - run.duration * 0.01, run.end + run.duration * 0.03];
}

function setRange(run, t0, t1) {
  const [first, last] = wholeRange(run);
  const span = Math.min(Math.max(t1 - t0, SPAN_MIN), last - first);
  const room = Math.max(first, Math.min(t0 + (t1 - t0 - span) / 2, last - span));
  view.t0 = room;
  view.t1 = room + span;
}

// The last part before a violation, or everything.
function firstRange(run) {
  const shown = 420;
  if (!run.violation || run.records.length <= shown) return wholeRange(run);
  return lastRange(run, run.records[run.records.length - shown].at);
}

function lastRange(run, from) {
  const span = Math.max(run.end - from, SPAN_MIN);
  return [run.end - span, run.end + span * 0.04];
}

function zoom(run, factor, around) {
  const at = around === undefined ? (view.t0 + view.t1) / 2 : around;
  const [first, last] = wholeRange(run);
  const bounded = Math.min(Math.max(factor, SPAN_MIN / (view.t1 - view.t0)), (last - first) / (view.t1 - view.t0));
  setRange(run, at - (at - view.t0) * bounded, at + (view.t1 - at) * bounded);
}

function pan(run, time) {
  setRange(run, view.t0 + time, view.t1 + time);
}

function showTime(run, at) {
  const span = view.t1 - view.t0;
  if (at < view.t0 + span * 0.05 || at > view.t1 - span * 0.05) setRange(run, at - span / 2, at + span / 2);
}

// Rows of a lane from its top: notes, clients, the band, commits, applies, cuts.
function layOut(run) {
  const lanes = run.lanes.filter(lane => shows('node:' + lane.node));
  const any = (list, name) => shows(name) && lanes.some(lane => lane[list].length);
  const rows = {
    notes: lanes.some(lane => lane.notes.some(record => shows('n:' + noteKind(record)))) ? 13 : 0,
    clients: any('clients', 'e:clients') ? 13 : 0,
    commits: any('commits', 'e:committed') ? 12 : 0,
    applies: any('applies', 'e:applied') ? 12 : 0,
    cuts: any('cuts', 'e:cuts') ? Math.min(3 * (run.lanes.length - 1), 15) + 3 : 0,
  };
  const above = rows.notes + rows.clients + 3, below = rows.commits + rows.applies + rows.cuts + 3;
  const top = AXIS + (run.network.length && shows('e:cuts') ? NETWORK : 0) + MARGIN;
  const room = view.height - top - MARGIN;
  const each = room / Math.max(lanes.length, 1), spare = each - above - below;
  const bandHeight = spare > 70 ? 30 : spare > 44 ? 24 : 19;
  const laneHeight = Math.max(Math.floor(each), above + bandHeight + below + GAP_MIN);
  view.y = Math.max(0, Math.min(view.y, lanes.length * laneHeight - room));
  const places = lanes.map((lane, position) => {
    const begin = top + position * laneHeight - view.y;
    const bandTop = Math.round(begin + (laneHeight - above - bandHeight - below) / 2 + above);
    return {lane, position, top: begin, bottom: begin + laneHeight, bandTop, bandBottom: bandTop + bandHeight,
      clients: bandTop - 3 - rows.clients, notes: bandTop - 3 - rows.clients - rows.notes,
      commits: bandTop + bandHeight + 3, applies: bandTop + bandHeight + 3 + rows.commits,
      cuts: bandTop + bandHeight + 3 + rows.commits + rows.applies};
  });
  return {rows, places, placeOf: new Map(places.map(place => [place.lane.node, place])), top, laneHeight,
    all: lanes.length * laneHeight, room};
}

function xOf(at) {
  return GUTTER + (at - view.t0) / (view.t1 - view.t0) * (view.width - GUTTER);
}

function timeAt(x) {
  return view.t0 + (x - GUTTER) / (view.width - GUTTER) * (view.t1 - view.t0);
}

// ----- the address: #t0=..&t1=..&pin=..&q=..&off=..

function readAddress(run) {
  const words = new URLSearchParams(location.hash.slice(1));
  const number = name => (/^-?\d+(\.\d+)?$/.test(words.get(name) || '') ? Number(words.get(name)) : null);
  const [t0, t1, pin] = [number('t0'), number('t1'), number('pin')];
  view.pin = pin !== null && run.records[pin] ? pin : null;
  view.query = words.get('q') || '';
  view.off = new Set((words.get('off') || '').split(',').filter(Boolean));
  if (t0 !== null && t1 !== null && t0 < t1) {
    setRange(run, t0, t1);
  } else {
    setRange(run, ...firstRange(run));
    if (view.pin !== null) showTime(run, run.records[view.pin].at);
  }
}

function writeAddress() {
  const words = [`t0=${Math.round(view.t0)}`, `t1=${Math.round(view.t1)}`];
  if (view.pin !== null) words.push(`pin=${view.pin}`);
  if (view.query) words.push(`q=${encodeURIComponent(view.query)}`);
  if (view.off.size) words.push(`off=${encodeURIComponent([...view.off].join(','))}`);
  history.replaceState(null, '', '#' + words.join('&'));
}
