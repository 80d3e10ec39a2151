// Keys in lists: j and k move, Enter opens, x selects, / searches; b goes to the acts on what is selected; on a case c goes to the checklist, d to the decision, t takes the task; ? helps. Never a decision by one key; they can be switched off.
(() => {
  'use strict';
  const stored = 'shiming.keys';
  const dialog = document.getElementById('shortcuts');
  const box = document.getElementById('shortcuts-on');
  const read = () => {
    try {
      return localStorage.getItem(stored) !== 'off';
    } catch {
      return true;
    }
  };
  if (box) {
    box.checked = read();
    box.addEventListener('change', () => {
      try {
        localStorage.setItem(stored, box.checked ? 'on' : 'off');
      } catch {
        // Private windows may refuse; the keys then stay as they are.
      }
    });
  }
  const rows = () => [...document.querySelectorAll('table.list tbody tr:not(.group)')].filter((row) => row.querySelector('a[href]') && row.offsetParent !== null);
  const present = () => document.querySelector('table.list tr.at');
  const move = (by) => {
    const all = rows();
    if (all.length === 0) return;
    const now = present();
    const at = now ? all.indexOf(now) : -1;
    const next = all[Math.min(all.length - 1, Math.max(0, at + by))];
    if (now) now.classList.remove('at');
    next.classList.add('at');
    next.querySelector('a[href]').focus({ preventScroll: true });
    next.scrollIntoView({ block: 'nearest' });
  };
  const keys = {
    j: () => move(1),
    k: () => move(-1),
    x: () => {
      const mark = present() && present().querySelector('input[type="checkbox"]');
      if (mark) mark.click();
    },
    '/': () => {
      const search = document.querySelector('main input[type="search"]');
      if (search) search.focus();
      return Boolean(search);
    },
    b: () => {
      const bar = document.querySelector('.selection-bar:not([hidden])');
      const button = bar && bar.querySelector('.actions .button, .hand-over summary');
      if (button) button.focus();
      return Boolean(button);
    },
    c: () => {
      const mark = document.querySelector('#checks input[type="radio"]:checked, #checks input[type="radio"], #checks a');
      if (mark) mark.focus();
      return Boolean(mark);
    },
    // Only moves there: the decision itself is a press of Enter on a button.
    d: () => {
      const button = document.querySelector('.decision-actions .button:not(:disabled)');
      if (button) button.focus();
      return Boolean(button);
    },
    // Taking a task is no decision: whoever took it puts it back.
    t: () => {
      const button = document.querySelector('[data-claim]:not(:disabled)');
      if (button) button.click();
      return Boolean(button);
    },
    '?': () => {
      if (dialog) dialog.showModal();
    },
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest('input:not([type="checkbox"]):not([type="radio"]), select, textarea, dialog, [contenteditable]')) return;
    const act = keys[event.key];
    if (!act || (event.key !== '?' && !read())) return;
    if (act() !== false) event.preventDefault();
  });
})();
