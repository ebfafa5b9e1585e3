import type { LanguageModelV4StreamPart, SharedV4ProviderMetadata } from '@ai-sdk/provider';
import type { Call } from '../calls/call.ts';
import type { JsonObject } from '../calls/json.ts';
import { usageOf } from '../calls/usage.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import { messageHead, stopOf } from './messages-from-result.ts';
import { messagesEvent, messagesUsageOf } from './messages-stream.ts';
import { carrierBlock, thinkingBlock } from './messages-thinking.ts';
import { carriedMetadata, mergedMetadata, toldMetadata } from './sealed-metadata.ts';
import { usageOfModel } from './translated-usage.ts';
import type { TranslatedHead } from './translation.ts';

/** A block under way. Blocks of a message come one after the other; what runs ahead waits in `waiting`. */
interface Block {
  readonly kind: 'text' | 'thinking' | 'tool_use';
  readonly id: string;
  readonly name: string;
  metadata: SharedV4ProviderMetadata | undefined;
  /** Its place in the message, once it has begun there. */
  index: number | undefined;
  wrote: boolean;
  readonly waiting: string[];
  ended: boolean;
}

/** What is remembered while a model's stream becomes a message's. */
export interface MessagesParts {
  readonly head: JsonObject;
  begun: boolean;
  nextIndex: number;
  callsTools: boolean;
  /** Blocks that have not ended, in their order; the first is the one that is written. */
  readonly blocks: Block[];
  /** Calls whose input comes as plain text. */
  readonly texts: Set<string>;
}

export function startMessagesParts(_call: Call, head: TranslatedHead): MessagesParts {
  return { head: messageHead(head), begun: false, nextIndex: 0, callsTools: false, blocks: [], texts: new Set() };
}

/** The events for one part, in the order in which Anthropic sends them. */
export function messagesPartFrames(state: MessagesParts, part: LanguageModelV4StreamPart): SseFrame[] {
  switch (part.type) {
    case 'text-start':
      return opened(state, 'text', part.id, '', part.providerMetadata);
    case 'reasoning-start':
      return opened(state, 'thinking', part.id, '', part.providerMetadata);
    case 'text-delta':
      return written(state, 'text', part);
    case 'reasoning-delta':
      return written(state, 'thinking', part);
    case 'text-end':
      return ended(state, 'text', part.id, part.providerMetadata);
    case 'reasoning-end':
      return ended(state, 'thinking', part.id, part.providerMetadata);
    case 'tool-input-start':
      if (part.providerExecuted === true) return [];
      // Plain text is no JSON; it is told when it is whole.
      if (part.inputEncoding === 'text') state.texts.add(part.id);
      return opened(state, 'tool_use', part.id, part.toolName, part.providerMetadata);
    case 'tool-input-delta':
      return state.texts.has(part.id) ? [] : written(state, 'tool_use', part);
    case 'tool-call':
      return part.providerExecuted === true ? [] : called(state, part);
    case 'finish':
      return finished(state, part);
    default:
      return [];
  }
}

function opened(
  state: MessagesParts,
  kind: Block['kind'],
  id: string,
  name: string,
  metadata: SharedV4ProviderMetadata | undefined,
): SseFrame[] {
  state.blocks.push({ kind, id, name, metadata, index: undefined, wrote: false, waiting: [], ended: false });
  if (kind === 'tool_use') state.callsTools = true;
  return advanced(state);
}

function find(state: MessagesParts, kind: Block['kind'], id: string): Block | undefined {
  return state.blocks.find((block) => block.kind === kind && block.id === id && !block.ended);
}

function written(
  state: MessagesParts,
  kind: Block['kind'],
  part: { readonly id: string; readonly delta: string; readonly providerMetadata?: SharedV4ProviderMetadata | undefined },
): SseFrame[] {
  // A package that announces nothing still writes something.
  const frames = find(state, kind, part.id) === undefined && kind !== 'tool_use' ? opened(state, kind, part.id, '', undefined) : [];
  const block = find(state, kind, part.id);
  if (block === undefined) return frames;
  if (part.providerMetadata !== undefined) block.metadata = mergedMetadata(block.metadata, part.providerMetadata);
  if (part.delta === '') return frames;
  block.waiting.push(part.delta);
  frames.push(...advanced(state));
  return frames;
}

function ended(state: MessagesParts, kind: Block['kind'], id: string, metadata: SharedV4ProviderMetadata | undefined): SseFrame[] {
  const block = find(state, kind, id);
  if (block === undefined) return [];
  block.metadata = mergedMetadata(block.metadata, metadata);
  block.ended = true;
  return advanced(state);
}

/** The whole call: says what its pieces have not said. */
function called(state: MessagesParts, part: Extract<LanguageModelV4StreamPart, { type: 'tool-call' }>): SseFrame[] {
  const { toolCallId: id, toolName, input, providerMetadata } = part;
  const frames = find(state, 'tool_use', id) === undefined ? opened(state, 'tool_use', id, toolName, providerMetadata) : [];
  const block = find(state, 'tool_use', id);
  if (block === undefined) return frames;
  if (!block.wrote && block.waiting.length === 0 && input !== '') block.waiting.push(input);
  return [...frames, ...ended(state, 'tool_use', id, providerMetadata)];
}

/** Writes what can be written: the first block's pieces and, when it has ended, the next one's. */
function advanced(state: MessagesParts): SseFrame[] {
  const frames: SseFrame[] = [];
  for (let block = state.blocks[0]; block !== undefined; block = state.blocks[0]) {
    if (block.waiting.length > 0 || block.kind === 'tool_use') begin(state, block, frames);
    for (const piece of block.waiting.splice(0)) {
      block.wrote = true;
      frames.push(delta(block, deltaOf(block.kind, piece)));
    }
    if (!block.ended) break;
    state.blocks.shift();
    close(state, block, frames);
  }
  return frames;
}

function begin(state: MessagesParts, block: Block, frames: SseFrame[]): void {
  if (block.index !== undefined) return;
  frames.push(...opening(state));
  block.index = state.nextIndex;
  state.nextIndex += 1;
  frames.push(messagesEvent({ type: 'content_block_start', index: block.index, content_block: emptyBlock(block) }));
}

/** The event that opens the message. What it used is known only at its end. */
function opening(state: MessagesParts): SseFrame[] {
  if (state.begun) return [];
  state.begun = true;
  const message = { ...state.head, content: [], stop_reason: null, stop_sequence: null, usage: messagesUsageOf(usageOf({})) };
  return [messagesEvent({ type: 'message_start', message })];
}

function emptyBlock({ kind, id, name }: Block): JsonObject {
  if (kind === 'tool_use') return { type: kind, id, name, input: {} };
  return kind === 'text' ? { type: kind, text: '' } : { type: kind, thinking: '', signature: '' };
}

function deltaOf(kind: Block['kind'], piece: string): JsonObject {
  if (kind === 'tool_use') return { type: 'input_json_delta', partial_json: piece };
  return kind === 'text' ? { type: 'text_delta', text: piece } : { type: 'thinking_delta', thinking: piece };
}

function delta(block: Block, content: JsonObject): SseFrame {
  return messagesEvent({ type: 'content_block_delta', index: block.index ?? 0, delta: content });
}

/** Ends a block, and lets what its provider wants to see again follow it. */
function close(state: MessagesParts, block: Block, frames: SseFrame[]): void {
  if (block.kind === 'thinking') {
    const whole = thinkingBlock(block.wrote ? ' ' : '', block.metadata);
    if (whole.type === 'redacted_thinking') {
      addWhole(state, whole, frames);
      return;
    }
    if (block.wrote || Object.keys(toldMetadata(block.metadata)).length > 0) {
      begin(state, block, frames);
      frames.push(delta(block, { type: 'signature_delta', signature: whole.signature ?? '' }));
    }
  }
  if (block.index !== undefined) frames.push(messagesEvent({ type: 'content_block_stop', index: block.index }));
  const carried = block.kind === 'thinking' ? undefined : carriedMetadata(block.metadata);
  if (carried !== undefined) addWhole(state, carrierBlock(carried, ownerOf(block)), frames);
}

function ownerOf(block: Block): string {
  if (block.kind === 'tool_use') return block.id;
  return block.wrote ? 'text' : '';
}

function addWhole(state: MessagesParts, content: JsonObject, frames: SseFrame[]): void {
  const index = state.nextIndex;
  state.nextIndex += 1;
  frames.push(...opening(state), messagesEvent({ type: 'content_block_start', index, content_block: content }));
  frames.push(messagesEvent({ type: 'content_block_stop', index }));
}

function finished(state: MessagesParts, part: Extract<LanguageModelV4StreamPart, { type: 'finish' }>): SseFrame[] {
  for (const block of state.blocks) block.ended = true;
  const frames = [...advanced(state), ...opening(state)];
  const ending = {
    type: 'message_delta',
    delta: stopOf(part.finishReason, state.callsTools),
    usage: messagesUsageOf(usageOfModel(part.usage) ?? usageOf({})),
  };
  return [...frames, sseFrame(JSON.stringify(ending), 'message_delta'), messagesEvent({ type: 'message_stop' })];
}
