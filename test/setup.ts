import { awsLambdaShim } from '../infra/local/awslambda.ts';

// Middy's streaming mode asks for the runtime's global when a handler is made, so it has to be there before any function is imported.
Object.assign(globalThis, { awslambda: awsLambdaShim });
