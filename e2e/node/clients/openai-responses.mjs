// openai, Responses.
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { zodResponsesFunction, zodTextFormat } from 'openai/helpers/zod';
import { Verdict, checkHeld, checkLoop, done, headers, letter, question, report, runs, steps, task, thrown, toolsAs } from '../suite.mjs';

const model = 'gpt-5.1';
const client = (wish) => new OpenAI({ defaultHeaders: headers(wish) });
const ask = (topic) => ({ model, input: question(topic), store: false, reasoning: { effort: 'low', summary: 'auto' } });
const offered = toolsAs((name, tool) => zodResponsesFunction({ name, ...tool }));

const callsOf = ({ output }) =>
  output
    .filter((item) => item.type === 'function_call')
    .map(({ call_id, name, arguments: args }) => ({ id: call_id, name, args }));

const seen = (response) => ({
  id: response.id,
  status: response.status,
  text: response.output_text,
  calls: callsOf(response),
  items: response.output.map(({ id, type }) => ({ id, type })),
  reasoning: response.output.flatMap((item) => (item.type === 'reasoning' ? item.summary.map((part) => part.text) : [])),
  usage: response.usage,
});

const results = (response) =>
  callsOf(response).map(({ id, name }) => ({ type: 'function_call_output', call_id: id, output: done(name) }));

async function text() {
  const { data, request_id } = await client().responses.create(ask('response text')).withResponse();
  return { ...seen(data), letter: letter(data.output_text), request_id };
}

async function streamed() {
  const stream = client().responses.stream(ask('response stream'));
  const types = [];
  for await (const event of stream) types.push(event.type);
  const whole = await stream.finalResponse();
  return { ...seen(whole), letter: letter(whole.output_text), events: runs(types) };
}

/** Nothing is kept by the API: the items go back, encrypted reasoning included. */
async function loop() {
  const input = [{ role: 'user', content: task('response') }];
  const turns = [];
  for (let turn = 0; turn <= steps; turn += 1) {
    const reply = await client().responses.create({
      ...ask(''), input, tools: offered, include: ['reasoning.encrypted_content'],
    });
    turns.push(seen(reply));
    if (callsOf(reply).length === 0) return checkLoop({ turns, text: reply.output_text });
    input.push(...reply.output, ...results(reply));
  }
  throw new Error('the loop does not end');
}

/** One turn of a loop, streamed. */
async function turnStreamed() {
  const stream = client().responses.stream({ ...ask(''), input: task('response-stream'), tools: offered });
  const types = [];
  for await (const event of stream) types.push(event.type);
  const whole = await stream.finalResponse();
  return { ...checkHeld({ turns: [seen(whole)], text: whole.output_text }), events: runs(types) };
}

/** The API keeps the conversation: each turn names the one before. */
async function chain() {
  let next = { input: task('response-chain') };
  const turns = [];
  for (let turn = 0; turn <= steps; turn += 1) {
    const stream = client().responses.stream({ ...ask(''), ...next, store: true, tools: offered });
    const reply = await stream.finalResponse();
    turns.push(seen(reply));
    if (callsOf(reply).length === 0) return checkLoop({ turns, text: reply.output_text });
    next = { input: results(reply), previous_response_id: reply.id };
  }
  throw new Error('the chain does not end');
}

/** What is kept can be fetched, and deleted once. */
async function stored() {
  const { responses } = client();
  const { id, output_text } = await responses.create({ ...ask('response stored'), store: true });
  const fetched = await responses.retrieve(id);
  assert.equal(fetched.output_text, output_text);
  await responses.delete(id);
  const gone = await thrown(() => responses.delete(id));
  return { fetched: seen(fetched), gone: gone.status };
}

async function structured() {
  const reply = await client().responses.parse({
    ...ask('response structure'), text: { format: zodTextFormat(Verdict, 'verdict') },
  });
  return { ...seen(reply), parsed: Verdict.parse(reply.output_parsed) };
}

async function refusal() {
  const reply = await client('refusal').responses.create(ask('response refusal'));
  const stream = client('refusal').responses.stream(ask('response refusal stream'));
  let said = '';
  for await (const event of stream) if (event.type === 'response.refusal.delta') said += event.delta;
  const part = reply.output.at(-1).content[0];
  assert.match(part.refusal, /cannot help/);
  assert.match(said, /cannot help/);
  return { whole: seen(reply), part, streamed: seen(await stream.finalResponse()), said };
}

/** What is known of an error, streams included, which fail before they begin. */
async function failure(wish) {
  const params = ask(`response ${wish}`);
  const errors = [
    await thrown(() => client(wish).responses.create(params)),
    await thrown(() => client(wish).responses.stream(params).finalResponse()),
  ];
  return errors.map((error) => {
    assert(error instanceof OpenAI.APIError);
    const { status, type, code, message, requestID } = error;
    return { class: error.constructor.name, status, type, code, message, requestID };
  });
}

await report(
  { text, streamed, loop, chain, stored, structured, refusal },
  { failing: () => failure('failing'), limited: () => failure('limited') },
  { loop, turnStreamed },
);
