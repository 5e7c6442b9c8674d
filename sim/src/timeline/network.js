// Which links were cut when, and what that means for the group.

// The spans in which the same links are cut.
function networkSpans(run) {
  const spans = [], cut = new Map();
  let open = null;
  const close = at => {
    if (open && open.from < at) spans.push({...open, to: at});
    open = null;
  };
  for (const record of run.records) {
    if (record.type !== 'cut' && record.type !== 'mended') continue;
    const name = record.node + '>' + record.to;
    if (record.type === 'cut') cut.set(name, [record.node, record.to]); else cut.delete(name);
    if (!open || open.from < record.at) {
      close(record.at);
      open = {id: record.id, from: record.at, to: null};
    }
    open.links = [...cut.values()];
    if (!open.links.length) open = null;
  }
  close(run.end);
  for (const span of spans) {
    const there = run.lanes.filter(lane => lane.born <= span.from).map(lane => lane.node);
    span.label = networkLabel(span.links, there);
  }
  return spans;
}

// The groups into which nodes fall if only uncut links (in both directions) hold them together.
function groupsOf(isCut, nodes) {
  const groups = [], left = new Set(nodes);
  while (left.size) {
    const group = [left.values().next().value];
    left.delete(group[0]);
    for (const node of group) {
      for (const other of [...left]) {
        if (!isCut(node, other) && !isCut(other, node)) {
          left.delete(other);
          group.push(other);
        }
      }
    }
    groups.push(group);
  }
  return groups;
}

// `{1 2} | {3 4 5}` if the groups hear nothing of each other and all within them; else who does not
// get through to whom (`↛`), or neither to the other (`≠`).
function networkLabel(links, nodes) {
  const names = new Set(links.map(([from, to]) => from + '>' + to));
  const isCut = (from, to) => names.has(from + '>' + to);
  const groups = groupsOf(isCut, nodes);
  const between = groups.reduce((sum, group) => sum + group.length * (nodes.length - group.length), 0);
  if (groups.length > 1 && between === links.length) return groups.map(group => `{${group.join(' ')}}`).join(' | ');
  return linksLabel(links);
}

// Nodes that are cut off from the same others are told together.
function linksLabel(links) {
  const order = (a, b) => (Number(a) < Number(b) ? -1 : 1), words = group => (group.length > 1 ? `{${group.join(' ')}}` : group[0]);
  const targets = new Map(), groups = new Map();
  for (const [from, to] of links) targets.set(from, [...(targets.get(from) || []), to]);
  for (const [from, list] of targets) {
    const to = words(list.sort(order));
    groups.set(to, [...(groups.get(to) || []), from]);
  }
  const pairs = [...groups].map(([to, from]) => [words(from.sort(order)), to]);
  const has = (from, to) => pairs.some(pair => pair[0] === from && pair[1] === to);
  return pairs.filter(([from, to]) => !has(to, from) || pairs.findIndex(pair => pair[0] === from) < pairs.findIndex(pair => pair[0] === to))
    .map(([from, to]) => `${from} ${has(to, from) ? '≠' : '↛'} ${to}`).join(', ');
}
