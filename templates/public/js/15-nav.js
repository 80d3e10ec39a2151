/* On a narrow page the menu is wider than the window: it opens where the reader is. Nothing but the menu moves. */
(() => {
  const nav = document.querySelector('.nav');
  const here = nav && nav.querySelector('[aria-current]');
  if (!here || nav.scrollWidth <= nav.clientWidth) return;
  const [frame, entry] = [nav.getBoundingClientRect(), here.getBoundingClientRect()];
  nav.scrollLeft += entry.left + entry.width / 2 - (frame.left + frame.width / 2);
})();
