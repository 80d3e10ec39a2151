// A page hears what changed, by one connection: how many notices are unread and, on an open list, what became of its tasks.
(() => {
  'use strict';
  const notice = document.querySelector('[data-live]');
  const address = notice ? notice.dataset.live : document.body.dataset.events;
  if (!address || !window.EventSource) return;
  // Who only passes through a page needs no connection for it.
  const STAY_MS = 1500;
  // What is read aloud interrupts nobody more often than this.
  const NEWS_EVERY_MS = 60000;
  let source;

  // The count beside 通知 stands in its place; that there is more of it is read aloud now and then.
  const count = document.querySelector('[data-unread]');
  const news = document.querySelector('[data-unread-news]');
  let unread = count ? Number(count.dataset.unread) : 0;
  let words = '';
  let announced = unread;
  let waiting;
  let lastNews = 0;
  const announce = () => {
    waiting = undefined;
    if (unread <= announced) return;
    announced = unread;
    lastNews = Date.now();
    news.textContent = words;
  };
  const showUnread = (event) => {
    if (!count) return;
    ({ unread, words } = JSON.parse(event.data));
    count.hidden = unread === 0;
    count.dataset.unread = String(unread);
    count.firstElementChild.textContent = unread.toLocaleString(document.documentElement.lang);
    count.lastElementChild.textContent = words;
    if (unread < announced) announced = unread;
    if (unread > announced && !waiting) waiting = setTimeout(announce, Math.max(0, lastNews + NEWS_EVERY_MS - Date.now()));
  };

  // An open list: who holds a task and how many there are is shown in place; what came or went is counted, and the reader decides when to fetch it.
  const changed = new Set();
  const showHolder = (cell, task) => {
    const name = document.createElement('span');
    name.textContent = task.holder || '';
    const words = document.createElement('small');
    const place = task.amber ? document.createElement('span') : words;
    if (task.amber) place.className = 'badge amber';
    place.textContent = task.words;
    if (task.amber) words.append(place);
    cell.replaceChildren(...(task.holder ? [name] : []), words);
  };
  const badge = (words, tone) => {
    const made = document.createElement('span');
    made.className = `badge ${tone}`;
    made.textContent = words;
    return made;
  };
  const showPriority = (place, task) => {
    if (place) place.replaceChildren(...(task.priority ? [' ', badge(task.priority, 'amber strong'), ` ${task.priorityReason}`] : []));
  };
  const showLabels = (place, labels) => {
    if (place) place.replaceChildren(...labels.flatMap((label) => [' ', badge(label, 'blue')]));
  };
  const showPlace = (row, gone) => {
    row.classList.toggle('removed', gone);
    const box = row.querySelector('input[name="selected"]');
    if (!box || box.disabled === gone) return;
    if (gone) box.checked = false;
    box.disabled = gone;
    box.dispatchEvent(new Event('change', { bubbles: true }));
  };
  // What a supervisor marks while the list is open goes to its group at once, in the order of the list; without script it does so on the next page.
  const order = ['priority', 'overdue', 'soon', 'later', 'none'];
  const emptied = new Map();
  const bodyOf = (table, group) => {
    const known = table.querySelector(`tbody[data-group="${group}"]`);
    const absent = table.querySelector(`template[data-group="${group}"]`);
    const made = known ? undefined : emptied.get(group) || (absent && absent.content.firstElementChild.cloneNode(true));
    if (!made) return known;
    const after = [...table.tBodies].find((body) => order.indexOf(body.dataset.group) > order.indexOf(group));
    table.insertBefore(made, after || null);
    return made;
  };
  const showGroup = (row, group) => {
    const from = row.closest('tbody');
    if (!group || !from.dataset.group || from.dataset.group === group) return;
    const to = bodyOf(row.closest('table'), group);
    if (!to) return;
    const at = (one) => one.dataset.due || '9';
    const later = [...to.querySelectorAll('tr[data-task]')].find((one) => at(one) > at(row) || (at(one) === at(row) && one.dataset.task > row.dataset.task));
    const focused = row.contains(document.activeElement) ? document.activeElement : null;
    to.insertBefore(row, later || null);
    if (focused) focused.focus({ preventScroll: true });
    if (from.querySelector('tr[data-task]')) return;
    emptied.set(from.dataset.group, from);
    from.remove();
  };
  const showNews = (words) => {
    notice.querySelector('[data-live-words]').textContent = words;
    notice.hidden = words === '';
  };
  let old = '';
  const showTasks = (event) => {
    for (const task of JSON.parse(event.data).tasks) {
      const row = [...document.querySelectorAll('tr[data-task]')].find((one) => one.dataset.task === task.id);
      if (row) {
        showPlace(row, !task.listed);
        if (task.open) {
          const holder = row.querySelector('[data-holder]');
          if (holder) showHolder(holder, task);
          showLabels(row.querySelector('[data-labels]'), task.labels);
          showPriority(row.querySelector('[data-priority]'), task);
          if (task.listed) showGroup(row, task.group);
        }
        // It is shown, as it is or as gone.
        if (task.listed) changed.delete(task.id);
        else changed.add(task.id);
      } else if (!task.listed) changed.delete(task.id);
      else if (task.fresh || 'own' in notice.dataset) changed.add(task.id);
    }
    showNews(old || (changed.size === 0 ? '' : notice.dataset.words.replace('#', String(changed.size))));
  };
  const showCounts = (event) => {
    const { groups, total, views, navigation } = JSON.parse(event.data);
    const set = (selector, words, hidden) => {
      for (const place of document.querySelectorAll(selector)) {
        place.hidden = hidden;
        place.textContent = words;
      }
    };
    for (const [name, words] of Object.entries({ ...groups, total })) set(`[data-figure-of="${name}"]`, words, false);
    for (const [name, figure] of Object.entries(views)) set(`[data-figure-of="${name}"]`, String(figure), figure === 0);
    for (const [name, figure] of Object.entries(navigation))
      set(`[data-figure="${name}"]`, figure.toLocaleString(document.documentElement.lang), figure === 0);
  };
  const showOld = () => {
    old = notice.dataset.old;
    showNews(old);
  };

  const close = () => {
    if (source) source.close();
    source = undefined;
  };
  const open = () => {
    if (source) return;
    source = new EventSource(address);
    source.addEventListener('notices', showUnread);
    if (notice) {
      source.addEventListener('tasks', showTasks);
      source.addEventListener('counts', showCounts);
      source.addEventListener('old', showOld);
    }
    // The session is over, or newer pages took its place.
    source.addEventListener('end', close);
  };
  window.addEventListener('pagehide', close);
  if (notice) return open();
  // Without a list a page listens while it is looked at; one whose place was taken asks again when somebody comes back to it.
  let staying;
  const look = () => {
    clearTimeout(staying);
    if (document.hidden) close();
    else staying = setTimeout(open, STAY_MS);
  };
  document.addEventListener('visibilitychange', look);
  window.addEventListener('focus', look);
  window.addEventListener('pageshow', look);
  return undefined;
})();
