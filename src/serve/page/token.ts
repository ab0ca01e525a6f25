import { byId } from './dom.js';

const KEY = 'token';
const dialog = byId('token-dialog', HTMLDialogElement);
const form = byId('token-form', HTMLFormElement);
const input = byId('token', HTMLInputElement);
const wrong = byId('token-wrong', HTMLParagraphElement);
let asking: Promise<void> | undefined;

/** The token that requests bring; it is forgotten with the tab. */
export function token(): string | null {
  return sessionStorage.getItem(KEY);
}

/**
 * Asks for the token, once for all requests that wait for it.
 * @param refused the one that the server did not take: where another is there since, nothing is asked.
 */
export function askToken(refused: string | null): Promise<void> {
  if (token() !== refused) return Promise.resolve();
  asking ??= new Promise<void>((resolve) => {
    wrong.hidden = refused === null;
    input.value = '';
    dialog.showModal();
    form.addEventListener(
      'submit',
      () => {
        sessionStorage.setItem(KEY, input.value);
        asking = undefined;
        resolve();
      },
      { once: true },
    );
  });
  return asking;
}

// Without a token nothing can be done here: Escape does not put the question away.
dialog.addEventListener('cancel', (event) => event.preventDefault());
// A second Escape does all the same: it is asked again.
dialog.addEventListener('close', () => {
  if (asking !== undefined) dialog.showModal();
});
