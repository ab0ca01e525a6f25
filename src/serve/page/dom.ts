/** An element with properties and children. Text from the server is only ever text: nothing here parses markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** The element of the page that has an id. */
export function byId<Type extends HTMLElement>(id: string, type: new () => Type): Type {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`Expected a ${type.name} with the id ${id}`);
}

const status = byId('status', HTMLParagraphElement);

/** Says something to eyes and to screen readers. */
export function say(text: string): void {
  status.textContent = text;
}

/** `93 %`; below 1 and above 99 with a digit more, so that nothing reads as certain that is not. */
export function percent(share: number): string {
  const value = 100 * share;
  return `${value.toFixed(value < 1 || value > 99 ? 1 : 0)} %`;
}

/** A task's or label's name for people: `product_type` → `product type`. */
export function plain(name: string): string {
  return name.replaceAll('_', ' ');
}
