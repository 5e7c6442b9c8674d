// Colours. A term has a hue, a role its strength and pattern, a kind of message a colour of its own.

const THEMES = {
  light: {
    ground: '#ffffff', lane: '#f5f7f9', text: '#1b1f24', dim: '#59636e', grid: '#e3e7eb', edge: '#c8cfd6',
    alarm: '#c62828', alarmGround: 'rgba(198,40,40,.10)', mark: '#b07d00', commit: '#1a7f37', apply: '#5b6b00',
    down: '#788089', client: '#0b7285', pin: '#111418', pattern: 'rgba(255,255,255,.75)', veil: 'rgba(255,255,255,.55)',
    strong: hue => `oklch(0.52 0.15 ${hue})`, middle: hue => `oklch(0.68 0.13 ${hue})`,
    weak: hue => `oklch(0.9 0.055 ${hue})`, onStrong: '#ffffff', onWeak: '#1b1f24', onMiddle: '#14181c',
    families: {append: '#1f5fd0', heartbeat: '#6b747e', vote: '#bc4c00', preVote: '#8a6d00', snapshot: '#8250df',
      transfer: '#bf1d76', read: '#00796b', propose: '#2e7d32', other: '#1b1f24'},
    notes: {disk: '#bc4c00', clock: '#8a6d00', snapshot: '#8250df', compaction: '#6b747e', event: '#1f5fd0',
      fault: '#c62828', configured: '#bf1d76', other: '#59636e'},
  },
  dark: {
    ground: '#0f1216', lane: '#161b21', text: '#e6e9ed', dim: '#9aa4af', grid: '#262d35', edge: '#3a434d',
    alarm: '#ff7b72', alarmGround: 'rgba(255,90,80,.14)', mark: '#e3b341', commit: '#56d364', apply: '#b9c86a',
    down: '#6e7681', client: '#56d4dd', pin: '#ffffff', pattern: 'rgba(15,18,22,.6)', veil: 'rgba(15,18,22,.5)',
    strong: hue => `oklch(0.72 0.13 ${hue})`, middle: hue => `oklch(0.54 0.11 ${hue})`,
    weak: hue => `oklch(0.34 0.06 ${hue})`, onStrong: '#0f1216', onWeak: '#e6e9ed', onMiddle: '#ffffff',
    families: {append: '#79aeff', heartbeat: '#8b949e', vote: '#ffa657', preVote: '#d9b93b', snapshot: '#c297ff',
      transfer: '#ff7eb6', read: '#4fd1c0', propose: '#7ee08a', other: '#e6e9ed'},
    notes: {disk: '#ffa657', clock: '#d9b93b', snapshot: '#c297ff', compaction: '#8b949e', event: '#79aeff',
      fault: '#ff7b72', configured: '#ff7eb6', other: '#9aa4af'},
  },
};

const FAMILIES = {
  Append: 'append', AppendResponse: 'append', Heartbeat: 'heartbeat', HeartbeatResponse: 'heartbeat',
  RequestVote: 'vote', VoteResponse: 'vote', PreVote: 'preVote', PreVoteResponse: 'preVote',
  ReadIndex: 'read', ReadIndexResponse: 'read', Propose: 'propose', InstallSnapshot: 'snapshot',
  TransferLeader: 'transfer', TimeoutNow: 'transfer',
};

const darkness = matchMedia('(prefers-color-scheme: dark)');

function theme() {
  return darkness.matches ? THEMES.dark : THEMES.light;
}

// Terms that follow each other are far apart (the golden angle); red is left to what went wrong.
function termHue(term) {
  return 55 + ((Number(term) * 0.618034) % 1) * 290;
}

function messageColour(kind) {
  return theme().families[FAMILIES[kind] || 'other'];
}

function isResponse(kind) {
  return kind.endsWith('Response');
}

function noteKind(record) {
  return record.type === 'configured' ? 'configured' : record.kind;
}

function noteColour(kind) {
  return theme().notes[kind] || theme().notes.other;
}

// Fill, pattern, and colour of the text of a band.
function roleLook(role, term) {
  const colours = theme(), hue = termHue(term);
  switch (role) {
    case 'Leader': return {fill: colours.strong(hue), pattern: null, text: colours.onStrong};
    case 'Candidate': return {fill: colours.middle(hue), pattern: 'stripes', text: colours.onMiddle};
    case 'PreCandidate': return {fill: colours.middle(hue), pattern: 'dots', text: colours.onMiddle};
    default: return {fill: colours.weak(hue), pattern: null, text: colours.onWeak};
  }
}

const patterns = new Map();

// A repeated tile, made once for each theme.
function pattern(context, name) {
  const key = name + darkness.matches;
  if (!patterns.has(key)) patterns.set(key, context.createPattern(patternTile(name), 'repeat'));
  return patterns.get(key);
}

function patternTile(name) {
  const tile = document.createElement('canvas');
  tile.width = tile.height = 8;
  const pen = tile.getContext('2d');
  pen.strokeStyle = pen.fillStyle = name === 'hatch' ? theme().down : theme().pattern;
  pen.lineWidth = name === 'hatch' ? 1.2 : 2;
  if (name === 'dots') {
    for (const [x, y] of [[2, 2], [6, 6]]) pen.fillRect(x - 1, y - 1, 2, 2);
  } else if (name === 'bars') {
    pen.fillRect(1, 0, 3, 8);
  } else {
    pen.beginPath();
    for (const shift of [-8, 0, 8]) { pen.moveTo(shift - 1, 9); pen.lineTo(shift + 9, -1); }
    pen.stroke();
  }
  return tile;
}
