// An open list hears what changed: who holds a task is shown in place; what came or went is counted, and the reader decides when to fetch it.
(() => {
  'use strict';
  const notice = document.querySelector('[data-live]');
  if (!notice || !window.EventSource) return;
  const source = new EventSource(notice.dataset.live);
  const changed = new Set();
  const small = (text) => {
    const element = document.createElement('small');
    element.textContent = text;
    return element;
  };
  const showHolder = (cell, task) => {
    if (!task.holder) return cell.replaceChildren(small(notice.dataset.free));
    const name = document.createElement('span');
    name.textContent = task.holder;
    return cell.replaceChildren(name, small(task.self ? notice.dataset.mine : notice.dataset.other));
  };
  const showGone = (row) => {
    row.classList.add('removed');
    const box = row.querySelector('input[name="selected"]');
    if (!box) return;
    box.checked = false;
    box.disabled = true;
    box.dispatchEvent(new Event('change', { bubbles: true }));
  };
  source.addEventListener('tasks', (event) => {
    for (const task of JSON.parse(event.data).tasks) {
      const row = [...document.querySelectorAll('tr[data-task]')].find((one) => one.dataset.task === task.id);
      if (row && task.open) showHolder(row.querySelector('[data-holder]'), task);
      else if (row) {
        showGone(row);
        changed.add(task.id);
      } else if (task.open && (task.self || !('onlyMine' in notice.dataset))) changed.add(task.id);
    }
    if (changed.size === 0) return;
    notice.querySelector('[data-live-words]').textContent = notice.dataset.words.replace('#', String(changed.size));
    notice.hidden = false;
  });
  // The session is over, or newer pages took its place.
  source.addEventListener('end', () => source.close());
  window.addEventListener('pagehide', () => source.close());
})();
