// A page that waits for the office ("recorded, moving on") fetches itself again and changes its main part in place.
(() => {
  'use strict';
  const main = document.querySelector('main[data-refresh]');
  if (!main) return;
  const LONGEST_S = 60;
  let seconds = Math.max(1, Number(main.dataset.refresh) || 5);
  let touched = false;
  main.addEventListener('input', () => {
    touched = true;
  });
  const again = () => setTimeout(look, seconds * 1000);
  async function look() {
    if (document.hidden || touched || main.contains(document.activeElement)) return again();
    try {
      const answer = await fetch(location.href, { headers: { accept: 'text/html' }, credentials: 'same-origin' });
      if (!answer.ok || answer.redirected) return answer.redirected ? location.assign(answer.url) : again();
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('main');
      if (!fresh) return again();
      if (fresh.innerHTML !== main.innerHTML && !touched) main.replaceChildren(...fresh.childNodes);
      if (!fresh.hasAttribute('data-refresh')) return undefined;
    } catch {
      // The network is away: later.
    }
    seconds = Math.min(LONGEST_S, seconds * 1.3);
    return again();
  }
  again();
})();
