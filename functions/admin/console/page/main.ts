import { baseUrl } from './api.ts';
import { announce, h, replace } from './dom.ts';
import { closeSession, type Session, storedSession } from './session.ts';
import { signIn } from './sign-in.ts';
import { themeButton } from './theme.ts';
import { errorNotice, hrefTo, type Place, type View } from './view.ts';
import { adminViews, availableViews, ownKeyViews } from './views.ts';

const app = document.getElementById('app');
if (!app) throw new Error('The page has no place for the console.');

start(app);

function start(root: HTMLElement): void {
  const session = storedSession();
  if (session) void open(root, session);
  else signIn(root, (opened) => void open(root, opened));
}

async function open(root: HTMLElement, session: Session): Promise<void> {
  replace(root, h('p', { class: 'loading', role: 'status' }, 'Opening the console …'));
  const views = session.kind === 'admin' ? await availableViews(session.api, adminViews) : ownKeyViews;
  const ended = new AbortController();
  const links = views.filter((view) => !view.unlisted).map((view) => h('a', { href: hrefTo(view.id) }, view.title));
  const main = h('main', { id: 'main', tabindex: -1 });
  const leave = (): void => {
    ended.abort();
    closeSession();
    history.replaceState(null, '', location.pathname);
    signIn(root, (opened) => void open(root, opened));
    announce('The key is forgotten.');
  };
  replace(
    root,
    h(
      'header',
      { class: 'top' },
      h('span', { class: 'brand' }, h('img', { src: 'console/icon.svg', alt: '', width: 22, height: 22 }), 'Sluice'),
      h('span', { class: 'origin', title: baseUrl }, baseUrl.replace(/^https?:\/\//, '')),
      h('span', { class: 'spacer' }),
      h('span', { class: 'badge plain' }, session.kind === 'admin' ? 'admin key' : 'virtual key'),
      themeButton(),
      h('button', { type: 'button', on: { click: leave } }, 'Forget key'),
    ),
    h('nav', { 'aria-label': 'Sections' }, links),
    main,
  );
  show(session, views, links, main, ended.signal);
}

function show(session: Session, views: readonly View[], links: readonly HTMLAnchorElement[], main: HTMLElement, ended: AbortSignal): void {
  let current: AbortController | undefined;
  const visit = (moveFocus: boolean): void => {
    current?.abort();
    current = new AbortController();
    void render(session, views, links, main, AbortSignal.any([current.signal, ended]), moveFocus);
  };
  window.addEventListener('hashchange', () => visit(true), { signal: ended });
  window.addEventListener('sluice-reload', () => visit(false), { signal: ended });
  visit(false);
}

async function render(
  session: Session,
  views: readonly View[],
  links: readonly HTMLAnchorElement[],
  main: HTMLElement,
  signal: AbortSignal,
  moveFocus: boolean,
): Promise<void> {
  const [id = '', ...rest] = location.hash.slice(1).split('/');
  const view = views.find((candidate) => candidate.id === id) ?? views[0];
  if (!view) return;
  const argument = rest.length === 0 ? undefined : decodeURIComponent(rest.join('/'));
  const reload = (): void => void window.dispatchEvent(new Event('sluice-reload'));
  const place: Place = { session, argument, signal, reload };

  for (const link of links) {
    if (link.getAttribute('href') === hrefTo(view.id)) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.title = `${view.title} · Sluice console`;
  const heading = h('h1', { tabindex: -1 }, view.title);
  const showLoading = setTimeout(() => replace(main, heading, h('p', { class: 'loading', role: 'status' }, 'Loading …')), 200);
  try {
    const content = await view.render(place);
    if (!signal.aborted) replace(main, heading, content);
  } catch (error) {
    if (!signal.aborted) replace(main, heading, errorNotice(error, reload));
  } finally {
    clearTimeout(showLoading);
  }
  if (moveFocus && !signal.aborted) {
    heading.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
}
