import * as z from 'zod';

/** `otlp` in `gateway.yaml`: where a span and metrics of each call are sent, by OTLP over HTTP in JSON. */
export const otlpSettingsSchema = z
  .strictObject({
    /** The base of a collector, to which `/v1/traces` and `/v1/metrics` are added; without it, with `aws_sigv4`, CloudWatch. */
    endpoint: z.url({ protocol: /^https?$/ }).optional(),
    /** Headers of every export: text, or a reference such as `secret:OTLP_TOKEN`. */
    headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/, 'must be the name of a header'), z.string().min(1)).default({}),
    traces: z.boolean().default(true),
    metrics: z.boolean().default(true),
    /** Whether exports are signed with the function's role, as CloudWatch asks. */
    aws_sigv4: z.boolean().default(false),
    allow_private_address: z.boolean().default(false),
  })
  .refine(({ endpoint, aws_sigv4 }) => endpoint !== undefined || aws_sigv4, {
    path: ['endpoint'],
    error: 'is missing. Name a collector, or set aws_sigv4: true to send to CloudWatch.',
  });

/** See {@link otlpSettingsSchema}. */
export type OtlpSettings = z.infer<typeof otlpSettingsSchema>;
