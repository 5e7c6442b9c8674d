// What a reader is told: times, and a record in words.

// A time or a length in microseconds, with as many digits as `step` needs.
function timeText(at, step) {
  const digits = step ? Math.max(0, Math.min(6, Math.ceil(-Math.log10(step / 1e6) - 1e-9))) : 6;
  return (at / 1e6).toFixed(digits) + ' s';
}

function lengthText(length) {
  if (length < 1e3) return Math.round(length) + ' µs';
  if (length < 1e6) return trimmed(length / 1e3) + ' ms';
  if (length < 120e6) return trimmed(length / 1e6) + ' s';
  return trimmed(length / 60e6) + ' min';
}

function trimmed(number) {
  return String(Number(number.toPrecision(4)));
}

// 12,345
function grouped(number) {
  return Number(number).toLocaleString('en');
}

function counted(number, word) {
  return grouped(number) + ' ' + word + (number === 1 ? '' : 's');
}

const ROLE_WORDS = {Follower: 'follower', PreCandidate: 'pre-candidate', Candidate: 'candidate', Leader: 'leader'};

function roleWords(role, term, leader, node) {
  const word = ROLE_WORDS[role] || role;
  const whom = role === 'Leader' ? '' : leader === null ? ', no leader known' : leader === node ? '' : ` of ${leader}`;
  return `${word}${whom}, term ${term}`;
}

// One line for a record, without its time and node.
function recordLine(record) {
  const message = record.link;
  switch (record.type) {
    case 'role': return roleWords(record.role, record.term, record.leader, record.node);
    case 'sent': return `sent ${record.text}`;
    case 'delivered': return message ? `got ${message.text}` : `got message ${record.message}`;
    case 'dropped': return message ? `lost (${record.why}) ${message.text}` : `lost message ${record.message}`;
    case 'crashed': return `crashed, ${counted(record.lost, 'unsynced write')} lost`;
    case 'restarted': return 'restarted';
    case 'paused': return 'paused';
    case 'resumed': return 'resumed';
    case 'cut': return `cut off from ${record.to}: nothing it sends gets there`;
    case 'mended': return `link to ${record.to} mended`;
    case 'committed': return `committed up to ${record.index}`;
    case 'applied': return `applied up to ${record.index}`;
    case 'configured': return `configuration ${record.text}`;
    case 'called': return `client call ${record.operation}: ${record.text}`;
    case 'answered': return `client answer ${record.operation}: ${record.text}`;
    case 'note': return `${record.kind}: ${record.text}`;
    default: return record.type;
  }
}

// All that is known of a record, as pairs of words; the text itself is told apart from them.
function recordFacts(run, record) {
  const message = record.link;
  if (message) return messageFacts(message);
  const facts = [['at', timeText(record.at)], ['node', record.node]];
  if (record.type === 'called' || record.type === 'answered') {
    const operation = run.operations.get(record.operation);
    const {called, answered} = operation || {};
    facts.push(['operation', record.operation]);
    if (record.type === 'answered' && called) facts.push(['call', `${called.text} (${timeText(called.at)})`]);
    if (record.type === 'called') facts.push(['answer', answered ? `${answered.text} (${timeText(answered.at)})` : 'none']);
    if (called && answered) facts.push(['took', lengthText(answered.at - called.at)]);
  }
  const span = spanOf(run, record);
  const network = record.type === 'cut' && run.network.find(network => record.at >= network.from && record.at < network.to);
  if (network) facts.push(['network', network.label]);
  if (span) facts.push(['until', timeText(span.to)], ['lasted', lengthText(span.to - span.from)]);
  return facts;
}

function messageFacts(message) {
  const facts = [['from → to', `${message.from} → ${message.to}`], ['sent', timeText(message.sent)]];
  if (message.state === 'delivered') {
    facts.push(['delivered', timeText(message.end)], ['latency', lengthText(message.end - message.sent)]);
  } else if (message.state === 'dropped') {
    facts.push(['lost', `${timeText(message.end)}, ${message.why}`]);
  } else {
    facts.push(['state', 'in flight when the run ended']);
  }
  return facts;
}

// The span that a record begins.
function spanOf(run, record) {
  const lane = run.laneOf.get(record.node);
  const lists = {role: 'roles', restarted: 'up', crashed: 'down', paused: 'paused', cut: 'cuts'};
  const list = lane && lane[lists[record.type]];
  return list ? list.find(span => span.id === record.id) : null;
}

function recordTitle(record) {
  const message = record.link;
  if (message) return `${message.kind} ${message.state}`;
  const titles = {role: 'role', called: 'client call', answered: 'client answer', note: record.kind,
    crashed: 'crash', restarted: 'restart', paused: 'pause', resumed: 'resumed', cut: 'link cut', mended: 'link mended',
    committed: 'commit', applied: 'apply', configured: 'configuration'};
  return titles[record.type] || record.type;
}

function recordText(record) {
  return record.link ? record.link.text : record.text === undefined ? recordLine(record) : record.text;
}

// The command that replays the run, if the parameters hold one.
function replayCommand(parameters) {
  const found = /^replay: (.*)/m.exec(parameters);
  return found ? found[1].trim() : null;
}
