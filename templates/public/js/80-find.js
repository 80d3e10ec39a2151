// A long list of people narrows while a name is typed; whoever is ticked stays in sight. Without this file the list stands by office.
(() => {
  'use strict';
  const find = document.querySelector('[data-find]');
  const list = find && document.getElementById(find.dataset.find);
  if (!list) return;
  const field = find.querySelector('input');
  const status = find.querySelector('[role="status"]');
  const offices = [...list.querySelectorAll('details')];
  const opened = offices.map((office) => office.open);
  find.hidden = false;
  field.addEventListener('input', () => {
    const text = field.value.trim().toLowerCase();
    let found = 0;
    offices.forEach((office, at) => {
      let any = false;
      for (const person of office.querySelectorAll('label')) {
        const fits = `${office.querySelector('summary').textContent} ${person.textContent}`.toLowerCase().includes(text);
        if (text && fits) found += 1;
        person.hidden = !fits && !person.querySelector('input').checked;
        any ||= !person.hidden;
      }
      office.hidden = !any;
      office.open = text ? any : opened[at];
    });
    status.textContent = text ? status.dataset.words.replace('#', String(found)) : '';
  });
  // Enter searches here, it does not send.
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') event.preventDefault();
  });
})();
