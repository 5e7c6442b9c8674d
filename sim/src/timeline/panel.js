// The words around the canvas: head, filters (which are the legend, too), the list, what is pinned.

function element(id) {
  return document.getElementById(id);
}

// Text only ever gets in as text.
function make(tag, attributes, ...content) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...content);
  return made;
}

function fillHead(run) {
  const facts = [['seed', run.seed], ['profile', run.profile || '–'], ['nodes', run.lanes.length],
    ['records', grouped(run.records.length)], ['messages', grouped(run.messages.length)],
    ['elections', grouped(run.elections.length)], ['simulated', lengthText(run.end - run.begin)]];
  element('facts').replaceChildren(...facts.map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, String(value)))));
  const command = replayCommand(run.parameters);
  element('replay').hidden = !command;
  element('replay').querySelector('code').textContent = command || '';
  element('replay').querySelector('button').onclick = event => copy(command, event.target);
  element('parameters').hidden = !run.parameters;
  element('parameters').querySelector('summary span').textContent = run.parameters.replace(/^replay: .*/m, '').replace(/\s+/g, ' ');
  element('parameters').querySelector('pre').textContent = run.parameters;
  element('violation').hidden = run.violation === null;
  element('violation').querySelector('span').textContent = run.violation || '';
  element('jump').textContent = run.violation === null ? 'Jump to the end' : 'Jump to the violation';
}

function copy(text, button) {
  const done = word => { button.textContent = word; };
  if (!navigator.clipboard) return done('select it by hand');
  navigator.clipboard.writeText(text).then(() => done('Copied'), () => done('select it by hand'));
}

// ----- a record, told whole

function cardOf(run, record) {
  const swatch = swatchOf(record);
  const facts = make('dl', {className: 'facts'});
  for (const [name, value] of recordFacts(run, record)) facts.append(make('dt', {}, name), make('dd', {}, String(value)));
  return [make('h2', {}, ...(swatch ? [swatch] : []), recordTitle(record)), facts,
    make('p', {className: 'text'}, recordText(record))];
}

function swatchOf(record) {
  if (record.link) return swatch(pen => drawArrowSwatch(pen, record.link.kind, record.link.state));
  if (record.type === 'role') return swatch(pen => drawRoleSwatch(pen, record.role, record.term));
  if (record.type === 'note' || record.type === 'configured') return swatch(pen => diamond(pen, 11, 6, noteColour(noteKind(record))));
  return null;
}

function showPinned(run) {
  const box = element('pinned');
  if (view.pin === null) {
    box.replaceChildren(make('p', {className: 'none'}, 'Point at something for all of it; click to keep it here.'));
    return;
  }
  const record = run.records[view.pin], [head, ...rest] = cardOf(run, record);
  const action = (what, text, title) => {
    const button = make('button', {type: 'button', title}, text);
    button.dataset.do = what;
    return button;
  };
  head.append(make('span', {className: 'end'}, action('before', '[', 'The record before'), action('after', ']', 'The next record'),
    action('unpin', '×', 'Unpin (Escape)')));
  box.replaceChildren(head, ...rest, make('p', {className: 'facts'}, `record ${record.id}`));
}

// ----- finding, and the list

const search = {matches: [], text: null};

function findAll(run) {
  const wanted = view.query.trim().toLowerCase();
  if (wanted === search.text) return;
  search.text = wanted;
  search.matches = wanted ? run.records.filter(record => searchText(record).includes(wanted)) : [];
}

function searchText(record) {
  if (record.search === undefined) record.search = `node ${record.node} ${recordLine(record)}`.toLowerCase();
  return record.search;
}

const LIST_MAX = 200;

// What matches, or else what is in view; around the pinned one if there are too many.
function showList(run) {
  findAll(run);
  const all = view.query.trim() ? search.matches : recordsInView(run);
  const pinned = view.pin === null ? -1 : all.findIndex(record => record.id >= view.pin);
  const isEnd = view.t1 >= run.end && !view.query.trim(); // what is looked at last is listed last
  const middle = pinned < 0 ? (isEnd ? all.length : 0) : pinned;
  const from = Math.max(0, Math.min(middle - LIST_MAX / 2, all.length - LIST_MAX));
  const part = all.slice(from, from + LIST_MAX);
  const what = view.query.trim() ? counted(all.length, 'match').replace('matchs', 'matches') : `${counted(all.length, 'record')} in view`;
  element('found').textContent = all.length > part.length ? `${what}; ${from + 1} to ${from + part.length} listed` : what;
  element('list').replaceChildren(...part.map(record => listItem(record)));
  const current = element('list').querySelector('[aria-current]');
  if (current) current.scrollIntoView({block: 'nearest'});
  else element('list').scrollTop = isEnd ? element('list').scrollHeight : 0;
}

function recordsInView(run) {
  const from = firstWhere(run.records, record => record.at >= view.t0);
  const to = firstWhere(run.records, record => record.at > view.t1);
  return run.records.slice(from, to).filter(showsRecord);
}

function listItem(record) {
  const line = recordLine(record), button = make('button', {type: 'button', title: line},
    make('span', {className: 'at'}, timeText(record.at)), make('span', {className: 'node'}, String(record.node)),
    make('span', {}, ...marked(line.slice(0, 160))));
  button.dataset.record = record.id;
  if (record.id === view.pin) button.setAttribute('aria-current', 'true');
  return make('li', {}, button);
}

function marked(line) {
  const wanted = view.query.trim().toLowerCase(), at = wanted ? line.toLowerCase().indexOf(wanted) : -1;
  if (at < 0) return [line];
  return [line.slice(0, at), make('mark', {}, line.slice(at, at + wanted.length)), line.slice(at + wanted.length)];
}

// ----- filters

function fillFilters(run) {
  const count = (list, name) => {
    const counts = new Map();
    for (const item of list) counts.set(name(item), (counts.get(name(item)) || 0) + 1);
    return counts;
  };
  const kinds = count(run.messages, message => message.kind);
  const fates = count(run.messages, message => message.state);
  const notes = count(run.records.filter(record => record.type === 'note' || record.type === 'configured'), noteKind);
  const order = [...Object.keys(FAMILIES), ...kinds.keys()];
  const byOrder = ([a], [b]) => order.indexOf(a) - order.indexOf(b);
  element('filters').replaceChildren(
    ...filterGroup('Messages', 'm:', [...kinds].sort(byOrder), kind => swatch(pen => drawArrowSwatch(pen, kind, 'delivered'))),
    ...filterGroup('Their fate', 'o:', ['delivered', 'dropped', 'in flight'].filter(fate => fates.has(fate)).map(fate => [fate, fates.get(fate)]),
      fate => swatch(pen => drawArrowSwatch(pen, 'Append', fate))),
    ...filterGroup('Events', '', eventFilters(run, notes), name => swatch(pen => drawEventSwatch(pen, name))),
    ...filterGroup('Nodes', 'node:', run.lanes.map(lane => [String(lane.node), null]), null),
    ...legend(),
  );
}

function eventFilters(run, notes) {
  const counted = (...types) => run.records.filter(record => types.includes(record.type)).length;
  const events = [['e:committed', counted('committed')], ['e:applied', counted('applied')],
    ['e:clients', counted('called', 'answered')], ['e:cuts', counted('cut', 'mended')]];
  return [...events, ...[...notes].map(([kind, number]) => ['n:' + kind, number])].filter(([, number]) => number);
}

const EVENT_WORDS = {'e:committed': 'commits', 'e:applied': 'applies', 'e:clients': 'client calls', 'e:cuts': 'cut links',
  'n:configured': 'configurations'};

function filterGroup(title, prefix, options, swatchFor) {
  if (!options.length) return [];
  const names = options.map(([name]) => prefix + name);
  const all = make('button', {type: 'button'}, 'all'), none = make('button', {type: 'button'}, 'none');
  all.dataset.filters = none.dataset.filters = names.join('\n');
  all.dataset.on = '1';
  const boxes = make('div', {className: prefix === 'node:' ? 'boxes nodes' : 'boxes'}, ...options.map(([name, number]) => {
    const input = make('input', {type: 'checkbox', checked: shows(prefix + name)});
    input.dataset.filter = prefix + name;
    const words = filterWords(options, name);
    return make('label', {title: EVENT_WORDS[name] || name}, input, ...(swatchFor ? [swatchFor(name)] : []), make('span', {className: 'name'}, words),
      ...(number === null ? [] : [make('span', {className: 'count'}, grouped(number))]));
  }));
  return [make('div', {}, make('h2', {}, title, make('span', {className: 'end'}, all, none)), boxes)];
}

// An answer stands beside what it answers, and need not repeat its name.
function filterWords(options, name) {
  const before = options[options.findIndex(([other]) => other === name) - 1];
  const isAnswer = before && isResponse(name) && FAMILIES[name] && FAMILIES[name] === FAMILIES[before[0]];
  return isAnswer ? 'response' : EVENT_WORDS[name] || name.replace(/^n:/, '');
}

// ----- swatches

function swatch(draw) {
  const canvas = make('canvas', {className: 'swatch', width: 44, height: 24}), pen = canvas.getContext('2d');
  pen.scale(2, 2);
  draw(pen);
  return canvas;
}

function drawArrowSwatch(pen, kind, state) {
  const message = {kind, state}, x1 = state === 'dropped' ? 15 : state === 'delivered' ? 21 : 17;
  drawGroup(pen, [{x0: 1, y0: 6, x1, y1: 6, message}], 1, true);
}

function drawRoleSwatch(pen, role, term) {
  const look = roleLook(role, term);
  pen.fillStyle = look.fill;
  pen.fillRect(0, 0, 22, 12);
  if (look.pattern) {
    pen.fillStyle = pattern(pen, look.pattern);
    pen.fillRect(0, 0, 22, 12);
  }
}

function drawEventSwatch(pen, name) {
  const colours = theme();
  if (name === 'e:committed' || name === 'e:applied') {
    pen.fillStyle = name === 'e:committed' ? colours.commit : colours.apply;
    pen.fillRect(10, 1, 2, 10);
  } else if (name === 'e:clients') {
    triangle(pen, 5, 6, true, colours.client);
    triangle(pen, 17, 6, false, colours.client);
  } else if (name === 'e:cuts') {
    pen.fillStyle = colours.alarm;
    for (const y of [3, 6, 9]) pen.fillRect(1, y, 20, 2);
  } else {
    diamond(pen, 11, 6, noteColour(name.slice(2)));
  }
}

function legend() {
  const term = 1, row = (words, draw) => make('span', {}, swatch(draw), words);
  const down = pen => { pen.fillStyle = pattern(pen, 'hatch'); pen.fillRect(0, 0, 22, 12); cross(pen, 5, 6, 4, theme().alarm, 2); };
  const paused = pen => { drawRoleSwatch(pen, 'Follower', term); pen.fillStyle = pattern(pen, 'bars'); pen.fillRect(0, 0, 22, 12); };
  const up = pen => { pen.fillStyle = theme().grid; pen.fillRect(0, 0, 22, 12); pen.strokeStyle = theme().edge; pen.strokeRect(0.5, 0.5, 21, 11); };
  const rows = Object.entries(ROLE_WORDS).reverse().map(([role, words]) => row(words, pen => drawRoleSwatch(pen, role, term)));
  return [make('div', {}, make('h2', {}, 'Bands: a colour a term'),
    make('div', {className: 'legend'}, ...rows, row('crash, down', down), row('paused', paused), row('up, not told what', up)))];
}
