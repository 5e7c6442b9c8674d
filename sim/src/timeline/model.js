// The run as what is drawn: messages, and for each lane spans and points, all in order of time.

// What follows [at, node, type] in a record.
const FIELDS = {
  role: ['role', 'term', 'leader'],
  sent: ['message', 'to', 'kind', 'text'],
  delivered: ['message'],
  dropped: ['message', 'why'],
  crashed: ['lost'],
  restarted: [],
  paused: [],
  resumed: [],
  cut: ['to'],
  mended: ['to'],
  committed: ['index'],
  applied: ['index'],
  configured: ['text'],
  called: ['operation', 'text'],
  answered: ['operation', 'text'],
  note: ['kind', 'text'],
};

function toRecord(row, id) {
  const record = {id, at: Number(row[0]), node: row[1], type: row[2]};
  (FIELDS[row[2]] || []).forEach((field, position) => { record[field] = row[position + 3]; });
  return record;
}

// The first position of a sorted list whose item does not come before; its length if there is none.
function firstWhere(list, isReached) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isReached(list[middle])) high = middle; else low = middle + 1;
  }
  return low;
}

function readRun(text) {
  const run = JSON.parse(text);
  run.records = run.records.map(toRecord);
  const {records} = run;
  run.begin = records.length ? Math.min(0, records[0].at) : 0;
  run.end = records.length ? records[records.length - 1].at : 0;
  run.duration = Math.max(run.end - run.begin, 1);
  linkMessages(run);
  linkOperations(run);
  buildLanes(run);
  run.network = networkSpans(run);
  run.elections = records.filter(record => record.type === 'role' && record.role === 'Leader')
    .filter(isNewLeader());
  return run;
}

// A leader's role is recorded again when something else of it changes; an election is its first time.
function isNewLeader() {
  const seen = new Set();
  return record => {
    const name = record.node + ' ' + record.term;
    return !seen.has(name) && seen.add(name);
  };
}

// A message is one thing with two ends. Each of its records leads to it.
function linkMessages(run) {
  const byName = new Map();
  run.messages = [];
  for (const record of run.records) {
    if (record.type === 'sent') {
      const message = {id: record.id, kind: record.kind, from: record.node, to: record.to, text: record.text,
        sent: record.at, end: null, state: 'in flight', why: '', closing: null, look: 0};
      byName.set(record.message, message);
      run.messages.push(message);
      record.link = message;
    } else if (record.type === 'delivered' || record.type === 'dropped') {
      const message = byName.get(record.message);
      record.link = message;
      if (message && message.closing === null) {
        message.state = record.type;
        message.end = record.at;
        message.why = record.why || '';
        message.closing = record.id;
      }
    }
  }
  const latencies = run.messages.filter(message => message.state === 'delivered')
    .map(message => message.end - message.sent).sort((a, b) => a - b);
  run.usualLatency = latencies[latencies.length >> 1] || 0;
  giveMessagesTheirLength(run);
  const looks = []; // numbers for what a kind and a fate look like
  for (const message of run.messages) {
    const look = message.state + ' ' + message.kind;
    if (!looks.includes(look)) looks.push(look);
    message.look = looks.indexOf(look);
  }
}

// Where a message's line ends, if it does not at a delivery: one that was lost as it was sent is drawn as
// long as one usually takes, that it can be seen; one in flight goes as far as it can have come.
function giveMessagesTheirLength(run) {
  const usual = Math.max(run.usualLatency, 1);
  run.longest = 0;
  for (const message of run.messages) {
    message.reach = 1; // which part of the way it is drawn
    message.until = message.end;
    if (message.state === 'dropped') {
      message.until = Math.max(message.end, message.sent + usual);
    } else if (message.state === 'in flight') {
      const flown = Math.min((run.end - message.sent) / usual, 0.85);
      message.reach = Math.max(flown, 0.3);
      message.until = message.sent + usual * message.reach;
    }
    run.longest = Math.max(run.longest, message.until - message.sent);
  }
}

function linkOperations(run) {
  run.operations = new Map();
  for (const record of run.records) {
    if (record.type === 'called') {
      run.operations.set(record.operation, {called: record, answered: null});
    } else if (record.type === 'answered') {
      const operation = run.operations.get(record.operation);
      if (operation && !operation.answered) operation.answered = record;
    }
  }
}

function newLane(node) {
  return {node, born: Infinity, roles: [], up: [], down: [], paused: [], cuts: [], commits: [], applies: [], clients: [], notes: []};
}

// What tells whether a node was running before.
const LIFE = ['role', 'crashed', 'restarted', 'paused', 'sent', 'delivered', 'committed', 'applied'];

// A node that was there from the beginning does something before it is started (again).
function bornAtOnce(run) {
  const first = new Map();
  for (const {node, type} of run.records) if (LIFE.includes(type) && !first.has(node)) first.set(node, type);
  return run.nodes.filter(node => first.has(node) && first.get(node) !== 'restarted');
}

// A span ends where the next of its kind begins, or with the run.
function buildLanes(run) {
  run.lanes = run.nodes.map(newLane);
  run.laneOf = new Map(run.lanes.map(lane => [lane.node, lane]));
  const open = new Map(); // 'what node peer' -> span
  for (const node of bornAtOnce(run)) {
    const lane = run.laneOf.get(node), span = {id: null, from: run.begin, to: null};
    lane.born = run.begin;
    lane.up.push(span);
    open.set('up ' + node, span);
  }
  for (const record of run.records) {
    let lane = run.laneOf.get(record.node);
    if (!lane) {
      lane = newLane(record.node);
      run.lanes.push(lane);
      run.laneOf.set(record.node, lane);
    }
    addToLane(lane, record, open);
  }
  for (const span of open.values()) span.to = run.end;
}

function addToLane(lane, record, open) {
  const begin = (what, list, extra) => {
    end(what);
    const span = {id: record.id, from: record.at, to: null, ...extra};
    open.set(what + ' ' + lane.node, span);
    list.push(span);
  };
  const end = what => {
    const span = open.get(what + ' ' + lane.node);
    if (span) span.to = record.at;
    open.delete(what + ' ' + lane.node);
  };
  switch (record.type) {
    case 'role':
      end('up');
      begin('role', lane.roles, {role: record.role, term: record.term, leader: record.leader});
      break;
    case 'crashed': end('role'); end('up'); end('paused'); begin('down', lane.down, {}); break;
    case 'restarted': end('down'); begin('up', lane.up, {}); lane.born = Math.min(lane.born, record.at); break;
    case 'paused': begin('paused', lane.paused, {}); break;
    case 'resumed': end('paused'); break;
    case 'cut': begin('cut ' + record.to, lane.cuts, {peer: record.to}); break;
    case 'mended': end('cut ' + record.to); break;
    case 'committed': lane.commits.push(record); break;
    case 'applied': lane.applies.push(record); break;
    case 'called': case 'answered': lane.clients.push(record); break;
    case 'configured': case 'note': lane.notes.push(record); break;
  }
}

// What a lane is at a moment; null before its first record of the kind.
function stateAt(lane, at) {
  const last = (list, time) => list[firstWhere(list, item => time(item) > at) - 1] || null;
  const span = list => {
    const found = last(list, item => item.from);
    return found && at <= found.to ? found : null;
  };
  const index = list => { const found = last(list, item => item.at); return found ? found.index : null; };
  return {role: span(lane.roles), up: span(lane.up), down: span(lane.down), paused: span(lane.paused),
    committed: index(lane.commits), applied: index(lane.applies)};
}
