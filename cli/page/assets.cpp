#include "cli/page/assets.hpp"

#include "cli/timeline/html.hpp"

namespace cdctl::cli {

namespace {

constexpr std::string_view k_style = R"(
body{margin:0 auto 2rem}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:0 1rem;margin:1rem 0 .25rem}
header h1{font-size:1.25rem;margin:0}header p{margin:0}
h2{font-size:1.1rem;margin:1.75rem 0 .25rem;padding-top:.75rem;border-top:1px solid #d5dae0}
p{margin:.35rem 0}table{margin:.25rem 0 1rem}
a{color:inherit}
p.links{display:flex;flex-wrap:wrap;gap:.1rem .75rem}
td>span[class^=m-],[data-title]>span,td.quiet,td.word{white-space:nowrap}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.ago,.quiet,.by{color:#57606a}
.m-good,.m-bad,.m-warn{font-weight:600}
.m-good{color:#1a7f43}.m-bad{color:#b42318}.m-warn{color:#8a5a00}
.sign{display:inline-block;min-width:1.1em;text-align:center}
#trouble,#lost{position:sticky;top:0;z-index:1;margin:.25rem 0;max-height:40vh;overflow:auto}
#trouble p,#lost{padding:.5rem .75rem;border:2px solid #b42318;border-radius:6px;background:#fdecea;color:#1b1f24;overflow-wrap:anywhere}
#trouble p{margin:.25rem 0}
[hidden]{display:none!important}
.lost main,.stale main{opacity:.55}
footer{margin-top:2rem;font-size:.85rem}
@media (max-width:640px){h2{margin-top:1.25rem}td.quiet{white-space:normal}td[data-label]::before{color:#57606a}td.short{flex-basis:auto!important}}
@media (prefers-color-scheme:dark){
h2{border-color:#2b333d}.ago,.quiet,.by,td[data-label]::before{color:#9aa5b1}
.m-good{color:#56d364}.m-bad{color:#ff7b72}.m-warn{color:#e3b341}
#trouble p,#lost{background:#3a1512;border-color:#ff7b72;color:#e8ecf1}
}
)";

constexpr std::string_view k_script = R"('use strict';
(() => {
const board = document.getElementById('board'), asof = document.getElementById('asof');
const trouble = document.getElementById('trouble'), lost = document.getElementById('lost');
const root = document.documentElement, program = root.dataset.program;
const patience = 10000; // without a word: a status comes each 3 s
let source = null, heard = performance.now(), skew = 0, tries = 0, timer = 0, since = null;

const now = () => Date.now() + skew;
const clock = ms => new Date(ms).toISOString().slice(5, 19).replace('T', ' ');
const age = ms => {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return s + 's';
  if (s < 3600) return Math.floor(s / 60) + 'm';
  if (s < 172800) return Math.floor(s / 3600) + 'h';
  return Math.floor(s / 86400) + 'd';
};
const shown = new Map();
const show = (element, html) => {
  if (shown.get(element) === html) return;
  shown.set(element, html);
  element.innerHTML = html;
};
let drawing = false;
const soon = () => {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => { drawing = false; tick(); });
};

function tick() {
  for (const one of document.querySelectorAll('.ago')) {
    const text = ' ' + age(now() - Number(one.dataset.at)) + ' ago';
    if (one.textContent !== text) one.textContent = text;
  }
  if (performance.now() - heard > patience) lose();
  const title = board.querySelector('[data-title]');
  const old = root.classList.contains('lost') || root.classList.contains('stale');
  const said = (old ? 'stale: ' : trouble.childElementCount ? '? ' : '') +
    (title ? title.dataset.title : 'cdctl');
  if (document.title !== said) document.title = said;
}

function lose() {
  if (since === null) since = now();
  const text = 'Not connected since ' + clock(since) + ' UTC. What is below is of before that. Trying again.';
  if (lost.textContent !== text) lost.textContent = text;
  lost.hidden = false;
  root.classList.add('lost');
  root.classList.remove('live');
  if (source) source.close();
  source = null;
  if (!timer) timer = setTimeout(connect, Math.min(15000, 500 * 2 ** Math.min(tries++, 5)));
}

function found() {
  heard = performance.now();
  tries = 0;
  since = null;
  lost.hidden = true;
  root.classList.remove('lost');
  root.classList.add('live');
}

const sections = () => new Map([...board.children].map(one => [one.dataset.name, one]));

function connect() {
  clearTimeout(timer);
  timer = 0;
  heard = performance.now();
  const mine = source = new EventSource('events?at=' + encodeURIComponent(board.dataset.at));
  const on = (name, act) => mine.addEventListener(name, event => {
    if (mine !== source) return;
    found();
    act(event.data);
    soon();
  });
  on('program', data => { if (data !== program) location.reload(); });
  on('section', data => {
    const {name, html} = JSON.parse(data);
    let one = sections().get(name);
    if (!one) {
      one = document.createElement('section');
      one.dataset.name = name;
      one.id = name.replace('/', '-');
      board.append(one);
    }
    one.innerHTML = html;
  });
  on('order', data => {
    const all = sections(), order = JSON.parse(data);
    for (const [name, one] of all) if (!order.includes(name)) one.remove();
    order.forEach((name, i) => {
      const one = all.get(name);
      if (one && board.children[i] !== one) board.insertBefore(one, board.children[i] || null);
    });
  });
  on('at', data => { board.dataset.at = data; });
  on('status', data => {
    const status = JSON.parse(data);
    skew = status.now - Date.now();
    root.classList.toggle('stale', status.state === 'stale');
    show(asof, status.asof);
    show(trouble, status.trouble);
  });
  mine.onerror = () => { if (mine === source) lose(); };
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden && (!source || performance.now() - heard > patience)) {
    if (source) source.close();
    tries = 0;
    connect();
  }
});
skew = Number(root.dataset.now) - Date.now();
connect();
setInterval(tick, 1000);
tick();
})();
)";

}  // namespace

const std::string& board_style() {
  static const auto style = page_style() + std::string(k_style);
  return style;
}

std::string_view board_script() { return k_script; }

}  // namespace cdctl::cli
