const name = 'sluice.recent-calls';
const most = 20;

/** Ids of the calls made in this tab's playground, newest first. */
export function recentCalls(): readonly string[] {
  return (sessionStorage.getItem(name) ?? '').split(' ').filter((id) => id !== '');
}

/** Remembers a call for this tab. */
export function noteCall(id: string): void {
  sessionStorage.setItem(name, [id, ...recentCalls().filter((known) => known !== id)].slice(0, most).join(' '));
}
