/**
 * What each field of `gateway.yaml` means, for editors and the reference: by the end of its path, the longest that fits.
 * A schema's own description wins.
 */
const configNotes: Readonly<Record<string, string>> = {
  $schema: "Where this file's JSON Schema is, for editors.",
  providers: 'The providers calls may go to, by the name that stands before the slash in `provider/model`.',
  'providers.<name>.type': 'A provider of the catalogue, or `openai-compatible`. Default: the name.',
  'providers.<name>.base_url': 'Where the API is, if not where the catalogue says. Required with `openai-compatible`.',
  'providers.<name>.api_key':
    "`env:NAME` or `secret:NAME`, never the key itself. Default: the provider's usual variable, or the field of that name in the provider secret.",
  'providers.<name>.api_keys': 'Several keys in place of `api_key`. They share the load, and each rests on its own after a refusal.',
  'providers.<name>.regions':
    'Several places where the provider is called, by name (`[eu-west-1, us-east-1]`, which fills `{region}` of the base URL) or each with a base URL, options or keys of its own. They share the load, and each rests on its own after failures; see routing.md.',
  'providers.<name>.headers': 'Headers sent with every call.',
  'providers.<name>.options': 'Values for the placeholders of the base URL, such as `region` or `resource`; see providers.md.',
  'providers.<name>.allow_private_address': 'Whether the provider may be at a loopback, private or link-local address. Default false.',
  'providers.<name>.stops_billing_on_abort':
    'Whether the provider stops charging when a stream is left. Default: as the catalogue says, else false.',
  'providers.<name>.states_cost':
    'Whether the usage of an answer says what the provider bills for it (`cost` in USD, or `cost_in_usd_ticks`), which then is what the call cost, unless `prices` has a price for the model; see prices.md. Default: as the catalogue says, else false.',
  'providers.<name>.data_collection':
    '`deny` declares that the provider neither keeps nor trains on what it is sent. Default: taken to be `allow`.',
  'providers.<name>.max_tokens_field': 'The field that bounds the output. Default: as the catalogue says, else `max_tokens`.',
  'providers.<name>.continues_by':
    'How it is asked to carry on with an answer that another provider has begun, for routes with `resume`; see routing.md. Default: as its documentation says, else it is not asked.',
  'providers.<name>.service_tier':
    'The service tier asked for where a call under a budget names none. `account` asks for none and holds the dearest. Default: `default` at OpenAI, `account` at Azure, whose projects and deployments may be set to a dearer one, elsewhere none.',
  'providers.<name>.prompt_cache':
    'For how long the prompts of Claude are kept in the cache of the provider, where a call marks none itself; see caching.md. Default: only what calls mark.',
  'providers.<name>.unbounded_tools':
    'What becomes, under a budget, of calls whose provider runs tools of its own as often as it likes: `refuse`, or `assume` that it uses them as often as is usual. Default `refuse`.',
  'providers.<name>.models': 'Models by name that the catalogue does not know, or knows otherwise.',
  context_length: 'Tokens of input and output together.',
  max_output_tokens: 'The longest answer, in tokens.',
  models:
    'Routes by name, or an alias: `fast: groq/llama-3.3-70b`. One `*` in a name captures what stands there for the `*` of its targets.',
  targets:
    'Where calls may go: `provider/model`, the name of another route, a target with settings, or a group with a strategy of its own.',
  timeouts: 'How long each stage of one attempt may take, in milliseconds.',
  cache: 'Whether and how answers are kept; see caching.md.',
  overrides: 'Fields of the request body that this target replaces.',
  'when.team': 'Id of the team; `*` stands for any text.',
  'when.user': 'The end user a call names, else the user of its key.',
  'when.organization': 'Id of the organization.',
  'when.stream': 'Whether the call is streamed.',
  'when.parameters.<name>.present': 'Whether the request has the parameter at all.',
  min: 'The least.',
  max: 'The most.',
  'when.time': 'When, by the clock and the day of the week.',
  'time.from': 'Time of day from which on. Default 00:00.',
  'time.days': 'Days of the week. Default: all. What goes over midnight counts as the day it began on.',
  'limits.requests_per_minute': 'Requests a minute, without window edges.',
  'limits.tokens_per_minute': 'Input and output tokens a minute, without window edges.',
  'limits.burst': "Share of a minute's requests and tokens that may come at once. Default 1.",
  'limits.parallel_requests': 'Calls under way at the same time.',
  'limits.budgets': 'Money per calendar period; all of them hold at once.',
  'budgets[].amount_usd': 'US dollars.',
  'budgets[].period': 'Calendar periods in UTC; `total` never begins anew.',
  'limits.clamp': 'Without meaning for targets: a call that does not fit is sent elsewhere, not shortened.',
  'limits.clamp_floor_tokens': 'Without meaning for targets, as `clamp` is.',
  'limits.shards': 'Ledger items the limits are spread over, for more than some 200 calls under way. Default 1.',
  'canary.target': 'As in `targets`.',
  'mirror.target': 'As in `targets`.',
  'cache.ttl_seconds': 'How long an answer is fresh, for calls that do not say. 0 is off. Default 0.',
  'cache.max_ttl_seconds': 'The longest a caller may ask for by `x-sluice-cache-ttl`. Default: `ttl_seconds`.',
  'cache.scope': "Whose answers are shared. Default `team`: a team's, or a key's without a team.",
  'cache.nondeterministic': 'Whether calls with a temperature above 0 are cached without the caller asking for it. Default false.',
  'cache.stale_while_revalidate_seconds':
    'For so long after it expired an answer is still served at once, while a fresh one is fetched. Default 0.',
  'cache.stale_if_error_seconds': 'For so long after it expired an answer is served when every target fails. Default 0.',
  'cache.serve_when_exhausted': 'Whether a call whose budget is spent gets an answer that is there already. Default false.',
  'cache.replay': "How a stored answer is streamed: as fast as the caller reads, or at a model's pace. Default `immediate`.",
  'cache.semantic':
    'Answers to questions of the same meaning: the last turn may be said in other words, all else has to be the same. `null` turns off what a wider configuration turned on.',
  'semantic.model': 'Makes the embeddings: `provider/model`, or a route.',
  'semantic.threshold': 'The least cosine similarity that counts as the same question.',
  'semantic.dimensions': 'Numbers of an embedding, for models that offer a choice.',
  prices: 'USD per million tokens by `provider/model`, where `*` stands for any text; wins over the built-in prices.',
  input: 'Input tokens.',
  cached_input: "Input tokens read from the provider's cache.",
  cache_write: "Input tokens written to the provider's cache.",
  cache_write_1h: 'The same for an hour.',
  output: 'Output tokens.',
  reasoning: 'Output tokens that are reasoning. Default: as `output`.',
  input_audio: 'Input tokens that are audio.',
  cached_input_audio: 'The same, read from the cache.',
  output_audio: 'Output tokens that are audio.',
  per_image: 'USD per image.',
  per_second: 'USD per second of audio.',
  per_request: 'USD per request.',
  per_million_characters: 'USD per million characters of text to be spoken.',
  per_search: 'USD per web search.',
  per_file_search: "USD per search in files that lie with the provider, by the provider's own tool.",
  per_container_gb: "USD per gigabyte of a container's memory in which the provider runs code, for one answer.",
  'prices.<name>.context': 'Prices for the whole call once its input is long; what a tier leaves out stays as it is.',
  'context[].above': 'Input tokens above which the tier holds.',
  service_tiers: 'What a service tier multiplies the whole price with.',
  defaults: 'For every call, where neither its route nor its key says otherwise.',
  on_store_failure:
    'What happens to calls while DynamoDB does not answer: refused with 503 (`closed`), or let through, logged and charged later (`open`). An instance goes by the version it saw last.',
  payload_logging: 'How prompts and answers are kept, for the keys and routes that say `log_payloads: true`.',
  'payload_logging.redact_known': 'Whether secrets and personal data are taken out by the built-in patterns.',
  'payload_logging.redact': 'Further regular expressions, by the name that takes the place of what they match.',
  'payload_logging.longest_text': 'What is longer is cut, each text on its own, in characters.',
  alerts: 'Who is told when a budget is nearly spent.',
  'alerts.thresholds': 'Percentages of a budget; each is told once a period.',
  'alerts.webhook': 'Where it is told.',
  'alerts.slack': 'A channel of Slack, Mattermost or Discord where it is told in a sentence.',
  'alerts.slack.url': '`env:NAME` or `secret:NAME`: the incoming webhook of the channel, whose address is a secret.',
  'webhook.url': 'Is sent a POST.',
  'webhook.secret': '`env:NAME` or `secret:NAME`: signs what is sent.',
  otlp: 'Where a span and metrics of each call are sent, by OTLP over HTTP; see observability.md. Default: nowhere.',
  'otlp.endpoint':
    'The base of a collector; `/v1/traces` and `/v1/metrics` are added. Default, with `aws_sigv4`: CloudWatch in the region of the function.',
  'otlp.headers': 'Headers of every export: text, or `env:NAME` or `secret:NAME`.',
  'otlp.traces': 'Whether spans are sent: one of each call, and one of each attempt below it.',
  'otlp.metrics': 'Whether metrics are sent.',
  'otlp.aws_sigv4': "Whether exports are signed with the function's role, as CloudWatch asks.",
  'otlp.allow_private_address': 'Whether the collector may be at a loopback, private or link-local address.',
  streaming: 'How streams are kept alive and when their status is sent.',
  'streaming.keep_alive_ms': 'After so much silence a comment goes out, so that no idle timer along the way fires.',
  'streaming.commit_after_ms': 'How long the status of a stream is held back while another target could still answer.',
};

/** The note for a path: that of the longest end of it that has one. */
export function noteFor(path: string): string | undefined {
  for (let rest = path; ; ) {
    const note = configNotes[rest];
    if (note !== undefined) return note;
    const dot = rest.indexOf('.');
    if (dot === -1) return undefined;
    rest = rest.slice(dot + 1);
  }
}
