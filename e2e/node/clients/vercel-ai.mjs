// ai with @ai-sdk/openai: Chat Completions, and Responses, which is its default.
import assert from 'node:assert/strict';
import { createOpenAI } from '@ai-sdk/openai';
import { APICallError, Output, RetryError, generateText, isStepCount, streamText, tool } from 'ai';
import { Verdict, checkLoop, done, headers, letter, question, report, runs, steps, task, thrown, toolsAs } from '../suite.mjs';

const chat = (wish) => createOpenAI({ headers: headers(wish) }).chat('gpt-4o');
const responses = (wish) => createOpenAI({ headers: headers(wish) }).responses('gpt-5.1');

/** Reasoning is shown, and sent back encrypted where the API keeps nothing. */
const reasoned = (store) => ({
  openai: { store, reasoningSummary: 'auto', ...(!store && { include: ['reasoning.encrypted_content'] }) },
});

const offered = Object.fromEntries(toolsAs((name, { description, parameters }) => [
  name, tool({ description, inputSchema: parameters, execute: () => done(name) }),
]));

const seen = (step) => ({
  id: step.response.id,
  text: step.text,
  reasoning: step.reasoningText,
  calls: step.toolCalls.map(({ toolCallId, toolName, input }) => ({ id: toolCallId, name: toolName, input })),
  finish_reason: step.finishReason,
  raw_finish_reason: step.rawFinishReason,
  usage: step.usage,
  request_id: step.response.headers['x-request-id'],
});

const text = (model, topic) => async () => {
  const { finalStep } = await generateText({ model, prompt: question(topic) });
  return { ...seen(finalStep), letter: letter(finalStep.text) };
};

const streamed = (model, topic) => async () => {
  const result = streamText({ model, prompt: question(topic), providerOptions: reasoned(false) });
  const types = [];
  for await (const part of result.fullStream) types.push(part.type);
  const [step] = await result.steps;
  return { ...seen(step), letter: letter(step.text), events: runs(types) };
};

/** The SDK's own loop, whole. */
const loop = (model, topic, store) => async () => {
  const result = await generateText({
    model, prompt: task(topic), tools: offered, stopWhen: isStepCount(steps + 1), providerOptions: reasoned(store),
  });
  return checkLoop({ turns: result.steps.map(seen), text: result.text });
};

/** The SDK's own loop, streamed. */
const loopStreamed = (model, topic, store) => async () => {
  const result = streamText({
    model, prompt: task(topic), tools: offered, stopWhen: isStepCount(steps + 1), providerOptions: reasoned(store),
  });
  await result.consumeStream();
  return checkLoop({ turns: (await result.steps).map(seen), text: await result.text });
};

const structured = (model, topic) => async () => {
  const result = await generateText({ model, prompt: question(topic), output: Output.object({ schema: Verdict }) });
  return { ...seen(result.finalStep), parsed: Verdict.parse(result.output) };
};

/** This SDK shows a refusal as text. */
const refusal = (model, topic) => async () => {
  const { finalStep } = await generateText({ model, prompt: question(topic) });
  assert.match(finalStep.text, /cannot help/);
  return seen(finalStep);
};

const describe = (error) => {
  assert(APICallError.isInstance(error));
  const { name, statusCode, message, responseBody, isRetryable, responseHeaders } = error;
  return { class: name, status: statusCode, message, responseBody, isRetryable, request_id: responseHeaders['x-request-id'] };
};

/** What is known of an error after all attempts, and of a stream's, which is a part of it. */
const failure = (model, topic) => async () => {
  const error = await thrown(() => generateText({ model, prompt: question(topic) }));
  assert(RetryError.isInstance(error));
  let told;
  const stream = streamText({ model, prompt: question(topic), onError: (event) => { told = event.error; } });
  await stream.consumeStream();
  assert(RetryError.isInstance(told));
  return { reason: error.reason, attempts: error.errors.map(describe), streamed: told.errors.map(describe) };
};

await report(
  {
    chatText: text(chat(), 'ai chat text'),
    responsesText: text(responses(), 'ai response text'),
    chatStreamed: streamed(chat(), 'ai chat stream'),
    responsesStreamed: streamed(responses(), 'ai response stream'),
    chatLoop: loop(chat(), 'ai-chat', false),
    chatLoopStreamed: loopStreamed(chat(), 'ai-chat-stream', false),
    responsesLoop: loop(responses(), 'ai-response', false),
    responsesLoopStreamed: loopStreamed(responses(), 'ai-response-stream', true),
    chatStructured: structured(chat(), 'ai chat structure'),
    responsesStructured: structured(responses(), 'ai response structure'),
    chatRefusal: refusal(chat('refusal'), 'ai chat refusal'),
    responsesRefusal: refusal(responses('refusal'), 'ai response refusal'),
  },
  {
    chatFailing: failure(chat('failing'), 'ai chat failing'),
    responsesFailing: failure(responses('failing'), 'ai response failing'),
    chatLimited: failure(chat('limited'), 'ai chat limited'),
    responsesLimited: failure(responses('limited'), 'ai response limited'),
  },
  {
    chatLoop: loop(chat(), 'ai-chat', false),
    chatLoopStreamed: loopStreamed(chat(), 'ai-chat-stream', false),
    responsesLoop: loop(responses(), 'ai-response', false),
    responsesLoopStreamed: loopStreamed(responses(), 'ai-response-stream', false),
  },
);
