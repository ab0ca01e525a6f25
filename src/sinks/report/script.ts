/**
 * Makes tables sortable by their headings and unfolds everything for printing. The page is complete without it.
 * It is kept free of anything from the data, so that the page's policy can name it by its hash.
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
addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('details:not([open])')) {
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
