// @google/genai, generateContent.
import assert from 'node:assert/strict';
import { ApiError, GoogleGenAI } from '@google/genai';
import { z } from 'zod';
import { Verdict, checkLoop, done, headers, letter, question, report, steps, task, thrown, toolsAs } from '../suite.mjs';

const model = 'gemini-3-pro';
const client = (wish) => new GoogleGenAI({ httpOptions: { headers: headers(wish) } });
const ask = (topic) => ({ model, contents: question(topic) });
const thinkingConfig = { includeThoughts: true };

const functionDeclarations = toolsAs((name, { description, parameters }) => ({
  name, description, parametersJsonSchema: z.toJSONSchema(parameters),
}));

const callsOf = (reply) => (reply.functionCalls ?? []).map(({ id, name, args }) => ({ id, name, args }));
const partsOf = (reply) => reply.candidates?.[0].content?.parts ?? [];
const joined = (parts) => parts.map((part) => part.text ?? '').join('');

const seen = (reply) => ({
  id: reply.responseId,
  text: joined(partsOf(reply).filter((part) => !part.thought)),
  thoughts: joined(partsOf(reply).filter((part) => part.thought)),
  signatures: partsOf(reply).flatMap(({ thoughtSignature }) => thoughtSignature ?? []),
  calls: callsOf(reply),
  finish_reason: reply.candidates?.[0].finishReason,
  feedback: reply.promptFeedback,
  usage: reply.usageMetadata,
});

/** The parts of a stream, as one reply. */
async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(seen(chunk));
  const last = chunks.at(-1);
  const all = (pick) => chunks.map(pick);
  return {
    ...last,
    text: all((chunk) => chunk.text).join(''),
    thoughts: all((chunk) => chunk.thoughts).join(''),
    signatures: all((chunk) => chunk.signatures).flat(),
    calls: all((chunk) => chunk.calls).flat(),
    chunks: chunks.length,
  };
}

async function text() {
  const reply = await client().models.generateContent({ ...ask('content text'), config: { thinkingConfig } });
  assert.notEqual(seen(reply).thoughts, '');
  return { ...seen(reply), letter: letter(reply.text) };
}

async function streamed() {
  const stream = await client().models.generateContentStream({ ...ask('content stream'), config: { thinkingConfig } });
  const whole = await collect(stream);
  assert.notEqual(whole.thoughts, '');
  return { ...whole, letter: letter(whole.text) };
}

const results = (calls) => ({
  role: 'user',
  parts: calls.map(({ id, name }) => ({ functionResponse: { id, name, response: { output: done(name) } } })),
});

/** The contents go back as they came, thoughts and signatures included. */
async function loop() {
  const contents = [{ role: 'user', parts: [{ text: task('content') }] }];
  const turns = [];
  for (let turn = 0; turn <= steps; turn += 1) {
    const reply = await client().models.generateContent({
      model, contents, config: { tools: [{ functionDeclarations }], thinkingConfig },
    });
    turns.push(seen(reply));
    if (callsOf(reply).length === 0) return checkLoop({ turns, text: reply.text });
    contents.push(reply.candidates[0].content, results(callsOf(reply)));
  }
  throw new Error('the loop does not end');
}

/** The SDK's own chat, streamed, which keeps the history itself. */
async function chat() {
  const session = client().chats.create({ model, config: { tools: [{ functionDeclarations }] } });
  let message = task('content-chat');
  const turns = [];
  for (let turn = 0; turn <= steps; turn += 1) {
    const reply = await collect(await session.sendMessageStream({ message }));
    turns.push(reply);
    if (reply.calls.length === 0) return checkLoop({ turns, text: reply.text });
    message = results(reply.calls).parts;
  }
  throw new Error('the chat does not end');
}

async function structured() {
  const reply = await client().models.generateContent({
    ...ask('content structure'),
    config: { responseMimeType: 'application/json', responseJsonSchema: z.toJSONSchema(Verdict) },
  });
  return { ...seen(reply), parsed: Verdict.parse(JSON.parse(reply.text)) };
}

/** The API blocks the prompt, or stops the candidate. */
async function refusal() {
  const reply = seen(await client('refusal').models.generateContent(ask('content refusal')));
  assert(reply.feedback?.blockReason || reply.finish_reason === 'SAFETY', 'no refusal');
  return { whole: reply, streamed: await collect(await client('refusal').models.generateContentStream(ask('content refusal stream'))) };
}

async function counted() {
  return (await client().models.countTokens(ask('content tokens'))).totalTokens;
}

/** What is known of an error, streams included, which fail before they begin. */
async function failure(wish) {
  const params = ask(`content ${wish}`);
  const errors = [
    await thrown(() => client(wish).models.generateContent(params)),
    await thrown(() => client(wish).models.generateContentStream(params)),
  ];
  return errors.map((error) => {
    assert(error instanceof ApiError);
    return { class: error.name, status: error.status, message: error.message };
  });
}

await report(
  { text, streamed, loop, chat, structured, refusal, counted },
  { failing: () => failure('failing'), limited: () => failure('limited') },
  { loop, chat },
);
