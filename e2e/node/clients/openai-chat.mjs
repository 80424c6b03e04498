// openai, Chat Completions.
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { Verdict, checkLoop, done, headers, letter, question, report, runs, steps, task, thrown, toolsAs } from '../suite.mjs';

const model = 'gpt-4o';
const client = (wish) => new OpenAI({ defaultHeaders: headers(wish) });
const ask = (topic) => ({ model, messages: [{ role: 'user', content: question(topic) }] });

const callsOf = (message) =>
  (message.tool_calls ?? []).map(({ id, function: { name, arguments: args } }) => ({ id, name, args }));

const seen = ({ id, choices: [{ message, finish_reason }], usage }) => ({
  id,
  text: message.content,
  reasoning: message.reasoning_content,
  refusal: message.refusal,
  calls: callsOf(message),
  finish_reason,
  usage,
});

async function text() {
  const { data, request_id } = await client().chat.completions.create(ask('chat text')).withResponse();
  assert.equal(data._request_id, request_id);
  return { ...seen(data), letter: letter(data.choices[0].message.content), request_id };
}

async function streamed() {
  const stream = client().chat.completions.stream({ ...ask('chat stream'), stream_options: { include_usage: true } });
  const fields = [];
  for await (const { choices, usage } of stream) {
    fields.push(...choices.flatMap(({ delta }) => Object.keys(delta).sort()), ...(usage ? ['usage'] : []));
  }
  const whole = await stream.finalChatCompletion();
  return { ...seen(whole), letter: letter(whole.choices[0].message.content), fields: runs(fields) };
}

/** The loop as many agents write it: messages go back as they came, reasoning included. */
async function loop() {
  const messages = [{ role: 'user', content: task('chat') }];
  const offered = toolsAs((name, tool) => zodFunction({ name, ...tool }));
  const turns = [];
  for (let turn = 0; turn <= steps; turn += 1) {
    const reply = await client().chat.completions.create({ model, messages, tools: offered });
    const { message } = reply.choices[0];
    turns.push(seen(reply));
    if (!message.tool_calls) return checkLoop({ turns, text: message.content });
    messages.push(message);
    for (const call of callsOf(message)) {
      messages.push({ role: 'tool', tool_call_id: call.id, content: done(call.name) });
    }
  }
  throw new Error('the loop does not end');
}

/**
 * The SDK's own loop, streamed. Its helper for zod is left out: it parses a
 * call once another one begins, and calls may come piece by piece in turn.
 */
async function runTools() {
  const runner = client().chat.completions.runTools({
    model,
    stream: true,
    stream_options: { include_usage: true },
    messages: [{ role: 'user', content: task('chat-runner') }],
    tools: toolsAs((name, { description, parameters }) => ({
      type: 'function',
      function: { name, description, parameters: z.toJSONSchema(parameters), parse: JSON.parse, function: () => done(name) },
    })),
  });
  const turns = [];
  runner.on('chatCompletion', (completion) => turns.push(seen(completion)));
  return { ...checkLoop({ text: await runner.finalContent(), turns }), total: await runner.totalUsage() };
}

async function structured() {
  const reply = await client().chat.completions.parse({
    ...ask('chat structure'),
    response_format: zodResponseFormat(Verdict, 'verdict'),
  });
  return { ...seen(reply), parsed: Verdict.parse(reply.choices[0].message.parsed) };
}

async function refusal() {
  const reply = await client('refusal').chat.completions.create(ask('chat refusal'));
  assert.match(reply.choices[0].message.refusal, /cannot help/);
  const stream = client('refusal').chat.completions.stream(ask('chat refusal stream'));
  return { whole: seen(reply), streamed: seen(await stream.finalChatCompletion()) };
}

/** What is known of an error, streams included, which fail before they begin. */
async function failure(wish) {
  const params = ask(`chat ${wish}`);
  const errors = [
    await thrown(() => client(wish).chat.completions.create(params)),
    await thrown(() => client(wish).chat.completions.create({ ...params, stream: true })),
  ];
  return errors.map((error) => {
    assert(error instanceof OpenAI.APIError);
    const { status, type, code, message, requestID } = error;
    return { class: error.constructor.name, status, type, code, message, requestID };
  });
}

await report(
  { text, streamed, loop, runTools, structured, refusal },
  { failing: () => failure('failing'), limited: () => failure('limited') },
  { loop, runTools },
);
