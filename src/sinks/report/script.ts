/**
 * Makes tables sortable by their headings, lets matrices be ordered, sized and walked through by keys, opens the photos
 * that a link leads to, and unfolds everything for printing. The page is complete without it. It is kept free of anything from the data, so that the page's policy can name it by its hash.
 */
export const SCRIPT = `
'use strict';
for (const table of document.querySelectorAll('table[data-sortable]')) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  heads.forEach((head, column) => {
    const numeric = head.classList.contains('n');
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    const key = (row) => row.cells[column].dataset.by ?? row.cells[column].textContent;
    const number = (row) => { const value = parseFloat(key(row)); return Number.isNaN(value) ? -Infinity : value; };
    button.addEventListener('click', () => {
      const order = head.getAttribute('aria-sort');
      const up = order === null ? !numeric : order === 'descending';
      heads.forEach((other) => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
      const rows = [...body.rows].sort((a, b) => numeric ? number(a) - number(b) || 0 : key(a).localeCompare(key(b), 'en'));
      body.append(...(up ? rows : rows.reverse()));
    });
  });
}
for (const table of document.querySelectorAll('table[data-confusion]')) {
  const box = table.parentElement;
  const tools = box.previousElementSibling;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const headings = [...table.tHead.rows[0].cells];
  const columns = rows.map((row) => [...row.cells]);
  const order = tools.querySelector('[data-order]');
  tools.hidden = false;
  order.addEventListener('change', () => {
    const number = (row) => Number(row.dataset[order.value]);
    const sign = order.value === 'photos' || order.value === 'wrong' ? -1 : 1;
    const places = [...rows.keys()].sort((a, b) => sign * (number(rows[a]) - number(rows[b])) || a - b);
    const arranged = (cells) => [cells[0], ...places.map((place) => cells[place + 1])];
    table.tHead.rows[0].append(...arranged(headings));
    for (const place of places) {
      rows[place].append(...arranged(columns[place]));
      body.append(rows[place]);
    }
  });
  let zoom = 0;
  for (const button of tools.querySelectorAll('[data-zoom]')) {
    button.addEventListener('click', () => {
      const step = Number(button.dataset.zoom);
      zoom = step === 0 ? 0 : Math.max(-3, Math.min(4, zoom + step));
      table.style.setProperty('--zoom', String(1.25 ** zoom));
    });
  }
  const links = [...table.querySelectorAll('a')];
  const reach = (link) => {
    for (const other of links) other.tabIndex = other === link ? 0 : -1;
  };
  if (links.length > 0) reach(links[0]);
  table.addEventListener('focusin', (event) => { if (links.includes(event.target)) reach(event.target); });
  const ways = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
  table.addEventListener('keydown', (event) => {
    const way = ways[event.key];
    const cell = event.target.closest('td');
    if (way === undefined || cell === null || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    let row = cell.parentElement.sectionRowIndex + way[0];
    let column = cell.cellIndex + way[1];
    for (; body.rows[row]?.cells[column]; row += way[0], column += way[1]) {
      const link = body.rows[row].cells[column].querySelector('a');
      if (link === null) continue;
      link.focus();
      return;
    }
  });
}
const opened = () => {
  const details = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(details instanceof HTMLDetailsElement)) return;
  details.open = true;
  details.querySelector('summary').focus();
  details.scrollIntoView({ block: 'nearest' });
};
addEventListener('hashchange', opened);
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('table[data-confusion] a');
  if (link !== null && link !== undefined && link.hash === location.hash) opened();
});
opened();
addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('details:not([open]):not(.cells > *)')) {
    details.open = true;
    details.dataset.printed = '';
  }
});
addEventListener('afterprint', () => {
  for (const details of document.querySelectorAll('details[data-printed]')) {
    details.open = false;
    delete details.dataset.printed;
  }
});
`;
