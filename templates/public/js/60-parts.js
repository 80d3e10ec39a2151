// The parts of a case change in place, so that nothing typed into the decision is lost. Without this file they are pages of their own.
(() => {
  'use strict';
  const tabs = () => document.querySelector('.tabs:has(a[data-part])');
  if (!tabs() || !document.getElementById('part')) return;

  function show(fresh) {
    for (const id of ['part', 'part-below', 'part-form']) {
      const [now, then] = [document.getElementById(id), fresh.getElementById(id)];
      if (!now || !then) return false;
      now.replaceChildren(...then.childNodes);
      now.className = then.className;
    }
    const then = fresh.querySelector('.tabs:has(a[data-part])');
    if (then) tabs().replaceChildren(...then.childNodes);
    for (const viewer of document.querySelectorAll('#part [data-viewer] .viewer')) viewer.classList.add('waiting');
    return true;
  }

  async function load(address, options) {
    const answer = await fetch(address, { headers: { accept: 'text/html' }, credentials: 'same-origin', ...options });
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    return { answer, fresh };
  }

  // What a link within the page names is gone to by the browser; that is no other part.
  const pageOf = (address) => address.split('#')[0];
  let at = pageOf(location.href);

  async function open(address, remember) {
    try {
      const { answer, fresh } = await load(address);
      if (!answer.ok || answer.redirected || !show(fresh)) return location.assign(address);
      at = pageOf(address);
      if (remember) history.pushState({ part: true }, '', address);
      tabs().querySelector('[aria-current]')?.focus();
    } catch {
      location.assign(address);
    }
    return undefined;
  }

  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest('.tabs a[data-part]');
    if (!link) return;
    event.preventDefault();
    open(link.href, true);
  });
  addEventListener('popstate', () => {
    if (pageOf(location.href) !== at) open(location.href, false);
  });

  // A message goes out without leaving the page; one that is refused is drawn by the server.
  document.addEventListener('submit', async (event) => {
    const form = event.target;
    if (form.id !== 'write' || event.defaultPrevented) return;
    event.preventDefault();
    const fields = new FormData(form);
    try {
      const { answer, fresh } = await load(form.action, { method: 'POST', body: new URLSearchParams(fields) });
      if (answer.ok && show(fresh)) return;
      const error = fresh.querySelector('.message-form .field');
      const own = document.querySelector('.message-form .field');
      if (error && own) {
        own.replaceWith(error);
        error.querySelector('textarea')?.setAttribute('form', 'write');
        error.querySelector('textarea')?.focus();
        return;
      }
    } catch {
      // The network is away: the browser says so.
    }
    form.submit();
  });
})();
