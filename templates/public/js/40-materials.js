// The frame for materials takes its place when one is opened; what was opened loses its mark at once.
(() => {
  'use strict';
  for (const place of document.querySelectorAll('[data-viewer]')) {
    const viewer = place.querySelector('.viewer');
    if (viewer) viewer.classList.add('waiting');
  }
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[data-opens]');
    if (!link) return;
    for (const viewer of document.querySelectorAll('.viewer')) viewer.classList.remove('waiting');
    const row = link.closest('li, tr');
    for (const other of document.querySelectorAll('a[data-opens][aria-current]')) other.removeAttribute('aria-current');
    if (!row) return;
    for (const own of row.querySelectorAll('a[data-opens]')) {
      own.classList.remove('unread');
      own.setAttribute('aria-current', 'true');
    }
    const mark = row.querySelector('[data-unread]');
    const read = row.querySelector('[data-read]');
    if (mark) mark.hidden = true;
    if (read) read.hidden = false;
  });
})();
