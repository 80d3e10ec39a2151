// Progressive enhancement: everything works without it.
(() => {
  'use strict';
  const sent = document.documentElement.lang === 'en' ? 'Sending…' : '正在提交…';
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || form.method !== 'post') return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = '1';
    const button = event.submitter;
    if (button instanceof HTMLButtonElement) {
      if (button.name) {
        const kept = document.createElement('input');
        kept.type = 'hidden';
        kept.name = button.name;
        kept.value = button.value;
        form.append(kept);
      }
      button.disabled = true;
      button.textContent = sent;
    }
  });
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload();
  });
  const refresh = document.querySelector('[data-refresh]');
  if (refresh) setTimeout(() => location.reload(), Number(refresh.dataset.refresh) * 1000);
  const summary = document.querySelector('.error-summary');
  if (summary instanceof HTMLElement) summary.focus();

  const rows = [...document.querySelectorAll('[data-keys] tbody tr:not(.group)')];
  if (rows.length === 0 || localStorage.getItem('shiming-keys') === 'off') return;
  let at = -1;
  const go = (to) => {
    rows[at]?.classList.remove('current');
    at = Math.max(0, Math.min(rows.length - 1, to));
    rows[at].classList.add('current');
    rows[at].querySelector('a')?.focus();
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || (event.target instanceof Element && event.target.closest('input, textarea, select'))) return;
    if (event.key === 'j') go(at + 1);
    else if (event.key === 'k') go(at - 1);
    else if (event.key === '/') {
      const search = document.querySelector('input[type=search]');
      if (search instanceof HTMLElement) {
        event.preventDefault();
        search.focus();
      }
    }
  });
})();
