// @anthropic-ai/sdk, Messages and its tool runner with message threads.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { z } from 'zod';
import { Verdict, checkHeld, checkLoop, done, headers, letter, question, report, runs, steps, task, thrown, toolsAs } from '../suite.mjs';

const client = (wish, more) => new Anthropic({ defaultHeaders: headers(wish), ...more });
const common = { model: 'claude-opus-4-8', max_tokens: 4096 };
const thinking = { type: 'enabled', budget_tokens: 2048 };
const ask = (topic) => ({ ...common, messages: [{ role: 'user', content: question(topic) }] });

const textOf = ({ content }) => content.map((block) => block.text ?? '').join('');

const callsOf = ({ content }) =>
  content.filter((block) => block.type === 'tool_use').map(({ id, name, input }) => ({ id, name, input }));

const seen = (message) => ({
  id: message.id,
  text: textOf(message),
  thinking: message.content.flatMap((block) => (block.type === 'thinking' ? [block.thinking, block.signature] : [])),
  calls: callsOf(message),
  stop_reason: message.stop_reason,
  stop_details: message.stop_details,
  usage: message.usage,
});

async function text() {
  const { data, request_id } = await client().messages.create(ask('message text')).withResponse();
  assert.equal(data._request_id, request_id);
  return { ...seen(data), letter: letter(textOf(data)), request_id };
}

async function streamed() {
  const stream = client().messages.stream({ ...ask('message stream'), thinking });
  const types = [];
  stream.on('streamEvent', (event) => types.push(event.delta?.type ?? event.type));
  const whole = await stream.finalMessage();
  assert(seen(whole).thinking.length > 0, 'no thinking');
  return { ...seen(whole), letter: letter(textOf(whole)), events: runs(types) };
}

/** The history goes back as it came, thinking and its signatures included. */
async function loop() {
  const messages = [{ role: 'user', content: task('message') }];
  const tools = toolsAs((name, { description, parameters }) => ({ name, description, input_schema: z.toJSONSchema(parameters) }));
  const turns = [];
  for (let turn = 0; turn <= steps; turn += 1) {
    const reply = await client().messages.create({ ...common, messages, tools, thinking, cache_control: { type: 'ephemeral' } });
    turns.push(seen(reply));
    if (reply.stop_reason !== 'tool_use') return checkLoop({ turns, text: textOf(reply) });
    const content = callsOf(reply).map(({ id, name }) => ({ type: 'tool_result', tool_use_id: id, content: done(name) }));
    messages.push({ role: 'assistant', content: reply.content }, { role: 'user', content });
  }
  throw new Error('the loop does not end');
}

/** One turn of a loop, streamed. */
async function turnStreamed() {
  const tools = toolsAs((name, { description, parameters }) => ({ name, description, input_schema: z.toJSONSchema(parameters) }));
  const stream = client().messages.stream({ ...common, messages: [{ role: 'user', content: task('message-stream') }], tools, thinking });
  const whole = await stream.finalMessage();
  assert.equal(whole.stop_reason, 'end_turn');
  return checkHeld({ turns: [seen(whole)], text: textOf(whole) });
}

/**
 * The SDK's own loop, which has the API hold the conversation as a thread. If a
 * turn cannot go on from the one before, it begins a new thread and says nothing.
 */
const runner = (topic, stream) => async () => {
  const threads = [];
  const watched = (url, init) => {
    threads.push(JSON.parse(init.body).thread.type);
    return fetch(url, init);
  };
  const running = client(undefined, { fetch: watched }).beta.messages.toolRunner({
    ...common,
    stream,
    thinking,
    messages: [{ role: 'user', content: task(topic) }],
    tools: toolsAs((name, { description, parameters }) =>
      betaZodTool({ name, description, inputSchema: parameters, run: () => done(name) })),
  });
  const turns = [];
  for await (const turn of running) turns.push(seen(stream ? await turn.finalMessage() : turn));
  assert.deepEqual(threads, turns.map((_, at) => (at === 0 ? 'create' : 'continue')));
  return checkLoop({ turns, text: textOf(await running.done()) });
};

async function structured() {
  const reply = await client().messages.parse({
    ...ask('message structure'), output_config: { format: zodOutputFormat(Verdict) },
  });
  return { ...seen(reply), parsed: Verdict.parse(reply.parsed_output) };
}

async function refusal() {
  const reply = await client('refusal').messages.create(ask('message refusal'));
  const stream = client('refusal').messages.stream(ask('message refusal stream'));
  assert.equal(reply.stop_reason, 'refusal');
  return { whole: seen(reply), streamed: seen(await stream.finalMessage()) };
}

async function counted() {
  return client().messages.countTokens({ model: common.model, messages: ask('tokens').messages });
}

/** What is known of an error, streams included, which fail before they begin. */
async function failure(wish) {
  const params = ask(`message ${wish}`);
  const errors = [
    await thrown(() => client(wish).messages.create(params)),
    await thrown(() => client(wish).messages.stream(params).finalMessage()),
  ];
  return errors.map((error) => {
    assert(error instanceof Anthropic.APIError);
    const { status, type, message, requestID, error: body } = error;
    return { class: error.constructor.name, status, type, message, requestID, body };
  });
}

await report(
  {
    text, streamed, loop, runner: runner('message-runner', false), runnerStreamed: runner('message-runner-stream', true),
    structured, refusal, counted,
  },
  { failing: () => failure('failing'), limited: () => failure('limited') },
  { loop, turnStreamed },
);
