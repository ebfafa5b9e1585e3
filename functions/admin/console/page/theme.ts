import { h } from './dom.ts';

const name = 'sluice.theme';
const order = ['system', 'light', 'dark'] as const;
type Theme = (typeof order)[number];

function stored(): Theme {
  const value = localStorage.getItem(name);
  return value === 'light' || value === 'dark' ? value : 'system';
}

function apply(theme: Theme): void {
  if (theme === 'system') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.setAttribute('data-theme', theme);
}

/** A button that goes from the system's theme to light, to dark, and back. The choice is remembered on this machine. */
export function themeButton(): HTMLButtonElement {
  const button = h('button', { type: 'button', class: 'quiet', on: { click: next } });
  const label = (theme: Theme): void => {
    button.textContent = `Theme: ${theme}`;
  };
  function next(): void {
    const theme = order[(order.indexOf(stored()) + 1) % order.length] ?? 'system';
    localStorage.setItem(name, theme);
    apply(theme);
    label(theme);
  }
  apply(stored());
  label(stored());
  return button;
}
