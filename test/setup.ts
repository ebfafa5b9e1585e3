import { awsLambdaShim } from '../infra/local/awslambda.ts';
import { loadPriceTables } from '../shared/pricing/price-table.ts';

// Middy's streaming mode asks for the runtime's global when a handler is made, so it has to be there before any function is imported.
Object.assign(globalThis, { awslambda: awsLambdaShim });

// Wired functions have loaded them before their first price.
await loadPriceTables();
