// Puts it together: one run, one view, and what changes it.

function start() {
  const run = readRun(element('run').textContent);
  const app = {run, redraw, redrawAbove, act, pin};
  let isDue = false, isSceneDue = false, settled = 0;

  function frame() {
    isDue = false;
    if (isSceneDue) {
      isSceneDue = false;
      drawScene(run, element('scene'));
      drawOverview(run, element('overview'));
      element('extent').textContent = `${timeText(Math.max(view.t0, run.begin), (view.t1 - view.t0) / 20)} – `
        + `${timeText(Math.min(view.t1, run.end), (view.t1 - view.t0) / 20)}, ${lengthText(view.t1 - view.t0)} wide`;
    }
    drawAbove(run, element('above'));
  }

  // At the next frame, once for all that changed until then.
  function redrawAbove() {
    if (!isDue) requestAnimationFrame(guarded(frame));
    isDue = true;
  }

  // The list and the address follow when the view rests.
  function redraw() {
    isSceneDue = true;
    redrawAbove();
    clearTimeout(settled);
    settled = setTimeout(guarded(() => { showList(run); writeAddress(); }), 120);
  }

  function pin(id) {
    view.pin = id;
    showPinned(run);
    redraw();
  }

  function act(name) {
    ACTIONS[name](app);
    redraw();
  }

  fillHead(run);
  readAddress(run);
  listen(app);
  followAddress(app);
  frameNow(app);
  report(run);

  function frameNow() {
    isSceneDue = true;
    frame();
    showList(run);
  }
}

// Everything that the address says, as it is now.
function followAddress(app) {
  element('find').value = view.query;
  fillFilters(app.run);
  showPinned(app.run);
}

const ACTIONS = {
  in: ({run}) => zoom(run, 0.5, pointedTime()),
  out: ({run}) => zoom(run, 2, pointedTime()),
  fit: ({run}) => setRange(run, ...wholeRange(run)),
  left: ({run}) => pan(run, -0.2 * (view.t1 - view.t0)),
  right: ({run}) => pan(run, 0.2 * (view.t1 - view.t0)),
  up: () => { view.y -= 60; },
  down: () => { view.y += 60; },
  begin: ({run}) => setRange(run, run.begin, run.begin + view.t1 - view.t0),
  end: ({run}) => jumpToEnd(run),
  leaderAfter: app => goToElection(app, app.run.elections.find(record => record.at > centre() + 0.5)),
  leaderBefore: app => goToElection(app, app.run.elections.findLast(record => record.at < centre() - 0.5)),
  before: app => step(app, -1),
  after: app => step(app, 1),
  find: () => element('find').focus(),
  unpin: app => app.pin(null),
};

function centre() {
  return (view.t0 + view.t1) / 2;
}

function pointedTime() {
  return view.pointer && view.pointer.x > GUTTER ? timeAt(view.pointer.x) : undefined;
}

// Keeps the width of the view, unless that is most of the run.
function jumpToEnd(run) {
  const wide = view.t1 - view.t0;
  if (wide < run.duration / 2) setRange(run, run.end - wide * 0.96, run.end + wide * 0.04);
  else setRange(run, ...(run.violation === null ? lastRange(run, run.end - run.duration / 10) : firstRange(run)));
}

function goToElection(app, record) {
  if (!record) return;
  const span = Math.min(view.t1 - view.t0, app.run.duration / 4);
  setRange(app.run, record.at - span / 2, record.at + span / 2);
  app.pin(record.id);
}

// The next record that is shown, of the matches if something is looked for.
function step(app, by) {
  const {run} = app, list = view.query.trim() ? search.matches : run.records;
  const at = record => (view.pin === null ? record.at >= centre() : record.id >= view.pin);
  let position = firstWhere(list, at);
  if (view.pin !== null && (by < 0 || (list[position] && list[position].id === view.pin))) position += by;
  const other = record => view.pin !== null && record.link && record.link === run.records[view.pin].link;
  while (list[position] && (!showsRecord(list[position]) || other(list[position]))) position += by;
  if (!list[position]) return;
  showTime(run, list[position].at);
  app.pin(list[position].id);
}

// ----- listening

function listen(app) {
  listenToPointer(app, element('above'));
  listenToOverview(app, element('overview'));
  listenToKeys(app);
  listenToWords(app);
  new ResizeObserver(guarded(() => app.redraw())).observe(element('stage'));
  darkness.addEventListener('change', () => { fillFilters(app.run); showPinned(app.run); app.redraw(); });
  window.addEventListener('hashchange', guarded(() => { readAddress(app.run); followAddress(app); app.redraw(); }));
}

function listenToWords(app) {
  document.addEventListener('click', event => {
    const button = event.target.closest('button');
    if (!button) return;
    if (button.dataset.do) app.act(button.dataset.do);
    if (button.dataset.record) {
      showTime(app.run, app.run.records[button.dataset.record].at);
      app.pin(Number(button.dataset.record));
    }
    if (button.dataset.filters) setFilters(app, button.dataset.filters.split('\n'), !!button.dataset.on);
  });
  element('violation').querySelector('button').dataset.do = 'end';
  element('filters').addEventListener('change', event => setFilters(app, [event.target.dataset.filter], event.target.checked));
  element('find').addEventListener('input', event => { view.query = event.target.value; app.redraw(); });
  element('find').addEventListener('keydown', event => {
    if (event.key !== 'Enter') return;
    findAll(app.run);
    step(app, event.shiftKey ? -1 : 1);
  });
}

function setFilters(app, names, on) {
  for (const name of names) if (on) view.off.delete(name); else view.off.add(name);
  for (const input of element('filters').querySelectorAll('input')) input.checked = shows(input.dataset.filter);
  app.redraw();
}

// ----- how it went, for tests and for those who report that the page is broken

function report(run) {
  const count = state => run.messages.filter(message => message.state === state).length;
  element('status').textContent = `ready: ${run.lanes.length} lanes, ${run.records.length} records, ${count('delivered')} delivered, `
    + `${count('dropped')} dropped, ${count('in flight')} in flight, ${run.elections.length} elections`;
}

function guarded(act) {
  return (...given) => {
    try { act(...given); } catch (error) { complain(error); }
  };
}

function complain(error) {
  element('status').textContent = `error: ${error && error.stack || error}`;
  element('violation').hidden = false;
  element('violation').querySelector('b').textContent = 'This page is broken';
  element('violation').querySelector('span').textContent = String(error);
}

window.addEventListener('error', event => complain(event.error || event.message));
guarded(start)();
