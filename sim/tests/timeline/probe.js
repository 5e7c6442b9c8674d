// Hands on the page: what each movement did is written down, a line each, for the test to read.
(async () => {
  const lines = [], above = document.getElementById('above'), text = id => document.getElementById(id).textContent;
  const rest = () => new Promise(done => setTimeout(done, 400));
  const box = above.getBoundingClientRect();
  const point = (type, x, y, more) => above.dispatchEvent(new PointerEvent(type,
    {clientX: box.left + x, clientY: box.top + y, button: 0, buttons: 1, bubbles: true, ...more}));
  const key = name => document.dispatchEvent(new KeyboardEvent('keydown', {key: name, bubbles: true}));
  const range = () => new URLSearchParams(location.hash.slice(1));
  const [t0, t1] = [() => Number(range().get('t0')), () => Number(range().get('t1'))];
  const say = (name, value) => lines.push(`${name}: ${value}`);
  const middle = 132 + (box.width - 132) / 2;

  key('0');
  await rest();
  const whole = [t0(), t1()];
  const wheel = new WheelEvent('wheel', {deltaY: -600, clientX: box.left + middle, clientY: box.top + 300, cancelable: true});
  above.dispatchEvent(wheel);
  await rest();
  const zoomed = [t0(), t1()];
  say('wheel zooms', zoomed[1] - zoomed[0] < (whole[1] - whole[0]) / 2);
  say('around the pointer', Math.abs(zoomed[0] + zoomed[1] - whole[0] - whole[1]) < 10);

  point('pointerdown', middle, 300);
  point('pointermove', middle - 100, 300);
  point('pointerup', middle - 100, 300);
  await rest();
  say('drag pans', t0() > zoomed[0] && Math.abs(t1() - t0() - (zoomed[1] - zoomed[0])) < 10);

  let told = '', line = '';
  for (let y = 40; y < box.height && !told.includes('→'); y += 3) {
    for (let x = 140; x < box.width && !told.includes('→'); x += 7) {
      point('pointermove', x, y, {buttons: 0});
      if (!document.getElementById('tip').hidden) told = text('tip');
      if (told.includes('→')) line = document.querySelector('#tip .text').textContent;
      if (told.includes('→')) { point('pointerdown', x, y); point('pointerup', x, y); }
    }
  }
  await rest();
  say('hover tells of a message', /from → to\d → \d/.test(told) && told.includes('term='));
  say('click pins it', range().has('pin') && text('pinned').includes(line));
  const pinned = range().get('pin');
  key(']');
  await rest();
  say('] goes to the next record', Number(range().get('pin')) > Number(pinned));
  key('Escape');
  await rest();
  say('Escape unpins', !range().has('pin'));

  key('0');
  key('v');
  await rest();
  say('v goes to the end', t1() > Number(whole[1]) * 0.9 && t0() > whole[0]);
  document.querySelector('[data-filters^="m:"]:not([data-on])').click();
  await rest();
  say('filters hide', !/sent|got/.test(text('list')) && range().get('off').includes('m:Append'));
  const find = document.getElementById('find');
  find.value = 'BECAMEleader';
  find.dispatchEvent(new Event('input', {bubbles: true}));
  await rest();
  say('finds', text('found'));
  document.querySelector('#list button').click();
  await rest();
  say('the list pins', text('pinned').includes('BecameLeader'));
  const probe = document.createElement('output');
  probe.id = 'probe';
  probe.textContent = lines.join('\n');
  document.body.append(probe);
})();
