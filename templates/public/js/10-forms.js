// Enhancements only: every page works without this file.
(() => {
  'use strict';
  const sending = document.body.dataset.sending || '…';

  // A form goes out once. Its button says so, after the browser has read the button's own value.
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (form.method === 'dialog' || form.hasAttribute('data-again')) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    const button = event.submitter;
    setTimeout(() => {
      if (event.defaultPrevented) return;
      if (form.method === 'get') return;
      form.dataset.sent = '1';
      for (const other of document.querySelectorAll('button[type="submit"], button:not([type])')) {
        if (other.form === form) other.disabled = true;
      }
      if (button && button.classList.contains('button')) {
        button.dataset.label = button.textContent;
        button.textContent = sending;
      }
    }, 0);
  });

  // Another language for a form that was drawn again: what was typed since goes along.
  const language = document.getElementById('language');
  if (language)
    language.addEventListener('submit', () => {
      const address = (form) => new URL(form.getAttribute('action') || '', location.href).pathname;
      const here = (form) =>
        address(form) === address(language) || [...form.elements].some((one) => one.hasAttribute('formaction') && new URL(one.formAction).pathname === address(language));
      const form = [...document.forms].find((one) => one !== language && one.method === 'post' && here(one));
      if (!form) return;
      for (const field of language.querySelectorAll('[data-typed]')) field.remove();
      for (const [name, value] of new FormData(form)) {
        if (typeof value !== 'string' || /^_csrf$|^idempotencyKey$|password/i.test(name)) continue;
        const field = document.createElement('input');
        Object.assign(field, { type: 'hidden', name, value });
        field.dataset.typed = '';
        language.append(field);
      }
    });

  // What stands beside the decision is part of its form, where Enter does nothing: in one of these fields it presses the button beside it.
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.isComposing || event.defaultPrevented || !event.target.matches('[data-beside] input')) return;
    event.preventDefault();
    event.target.closest('[data-beside]').querySelector('button')?.click();
  });

  // Back in the history: the page comes from memory with its buttons still off.
  window.addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
    for (const button of document.querySelectorAll('button:disabled')) {
      button.disabled = false;
      if (button.dataset.label) button.textContent = button.dataset.label;
    }
  });

  // Filters apply when they are chosen.
  document.addEventListener('change', (event) => {
    const form = event.target.closest('form[data-apply]');
    if (form && event.target.matches('select, input[type="checkbox"], input[type="radio"], input[type="date"]')) form.requestSubmit();
  });

  // What is wrong is read first.
  const summary = document.querySelector('[data-focus]');
  if (summary) summary.focus();

  // One menu at a time; Escape and a click elsewhere close it.
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll('details.menu[open]')) if (menu !== except) menu.open = false;
  };
  document.addEventListener('click', (event) => closeMenus(event.target.closest('details.menu')));
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    const menu = document.querySelector('details.menu[open]');
    if (!menu) return;
    menu.open = false;
    menu.querySelector('summary').focus();
  });

  for (const button of document.querySelectorAll('[data-print]')) {
    button.hidden = false;
    button.addEventListener('click', () => window.print());
  }

  // Select all rows of this page; `data-count` shows how many are selected.
  const countSelected = () => {
    const count = document.querySelectorAll('input[name^="selected"]:checked').length;
    for (const place of document.querySelectorAll('[data-count]')) place.textContent = String(count);
    for (const bar of document.querySelectorAll('[data-with-selection]')) bar.hidden = count === 0;
    // Ticked when every row that can be is, half when some are.
    const free = document.querySelectorAll('input[name^="selected"]:not(:disabled)').length;
    for (const whole of document.querySelectorAll('[data-select-all]:not(:disabled)')) {
      whole.checked = free > 0 && count >= free;
      whole.indeterminate = count > 0 && count < free;
    }
  };
  document.addEventListener('change', (event) => {
    if (event.target.matches('[data-select-all]')) {
      for (const box of document.querySelectorAll('input[name^="selected"]:not(:disabled)')) box.checked = event.target.checked;
    }
    if (event.target.matches('[data-select-all], input[name^="selected"]')) countSelected();
  });
  // What was ticked before the page was opened stands in its address: there the link is followed.
  document.addEventListener('click', (event) => {
    const link = event.target.closest('[data-select-none]');
    if (!link || new URL(link.href).search !== location.search) return;
    event.preventDefault();
    for (const box of document.querySelectorAll('input[name^="selected"]:not(:disabled)')) box.checked = false;
    countSelected();
  });
  for (const box of document.querySelectorAll('[data-select-all]')) box.hidden = false;
  for (const place of document.querySelectorAll('[data-counted]')) place.hidden = false;
  for (const place of document.querySelectorAll('.without-script')) place.hidden = true;
  if (document.querySelector('[data-with-selection]')) countSelected();
})();

// Finding one among many buttons.
(() => {
  'use strict';
  for (const place of document.querySelectorAll('[data-find-for]')) {
    const list = document.getElementById(place.dataset.findFor);
    if (!list) continue;
    place.hidden = false;
    place.querySelector('input').addEventListener('input', (event) => {
      const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const item of list.querySelectorAll('button')) {
        const text = `${item.value} ${item.textContent}`.toLowerCase();
        item.hidden = !words.every((word) => text.includes(word));
      }
    });
  }
})();

// What scrolls sideways can be reached by keyboard.
(() => {
  'use strict';
  for (const region of document.querySelectorAll('.scroll, .sheet')) {
    if (region.scrollWidth > region.clientWidth && !region.querySelector('a, button, input')) region.tabIndex = 0;
  }
})();
