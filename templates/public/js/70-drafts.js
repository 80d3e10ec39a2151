// Long forms are kept on the server as they are typed; nothing stays in the browser. Without this file they are saved when they are sent.
(() => {
  'use strict';
  const PAUSE_MS = 3000;
  for (const form of document.querySelectorAll('form[data-keep]')) {
    const state = document.querySelector(`[data-keep-state="${form.id}"]`);
    let timer;
    let changed = false;
    let sent = false;
    const keep = async () => {
      clearTimeout(timer);
      if (!changed || sent) return;
      changed = false;
      try {
        const answer = await fetch(form.dataset.keep, {
          method: 'POST',
          headers: { accept: 'application/json' },
          credentials: 'same-origin',
          keepalive: true,
          body: new URLSearchParams(new FormData(form)),
        });
        const said = await answer.json();
        if (!answer.ok) throw new Error(said.issues?.[0]?.message ?? (answer.status === 409 ? said.detail : ''));
        if (state) state.textContent = said.words;
      } catch (error) {
        changed = true;
        // Where the server says why, the reader is told.
        const why = error instanceof SyntaxError || error instanceof TypeError ? '' : error.message;
        if (state) state.textContent = [state.dataset.failed, why].filter(Boolean).join(' ');
      }
    };
    document.addEventListener('input', (event) => {
      if (event.target.form !== form) return;
      changed = true;
      clearTimeout(timer);
      timer = setTimeout(keep, PAUSE_MS);
    });
    document.addEventListener('focusout', (event) => {
      if (event.target.form === form) keep();
    });
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) keep();
    });
    form.addEventListener('submit', () => {
      sent = true;
      clearTimeout(timer);
    });
    addEventListener('pageshow', () => {
      sent = false;
    });
  }
})();
