import { booksSchema } from '../call-answers.ts';
import { CliError } from '../cli-error.ts';
import { counted, money } from '../format.ts';
import type { Verb } from '../verb.ts';

/** `sluice audit` */
export const auditBooks: Verb = {
  words: ['audit'],
  summary: 'Prove that records, usage and ledger agree to the nano-dollar.',
  positionals: [],
  options: { days: { type: 'string', value: '<n>', help: 'How many days are proved record by record. Default 2: yesterday and today.' } },
  notes: 'Ends with exit code 1 and says where, when the books do not agree. Who changed what is in "sluice trail".',
  async run({ options, api, output }) {
    const books = await api.get('/admin/audit/books', booksSchema, { days: options.count('days', 1) });
    const calls = books.days.reduce((sum, day) => sum + day.record_calls, 0);
    const spent = books.days.reduce((sum, day) => sum + day.record_nano_usd, 0) / 1e9;
    output.show(books, () => {
      const held = books.scopes.reduce((sum, scope) => sum + scope.held_nano_usd, 0) / 1e9;
      const looked = `${counted(calls, 'call')} of ${counted(books.days.length, 'day')} (${money(spent)}) and ${counted(books.scopes.length, 'scope')}`;
      if (books.agree) return `The books agree to the nano-dollar: ${looked}. ${money(held)} is held by calls under way.`;
      return [`The books do not agree, over ${looked}:`, ...books.discrepancies.map(({ where, what }) => `  ${where}: ${what}`)].join('\n');
    });
    if (!books.agree) throw new CliError(1, `${counted(books.discrepancies.length, 'place')} where the books do not agree.`);
  },
};
