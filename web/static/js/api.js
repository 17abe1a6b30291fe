// Calls to the API. Every failure becomes an ApiError with the API's code and its message for people.

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const RETRY_MS = 300;

// Proves that a change comes from our own page; there where a browser is signed in.
const csrf = document.querySelector('meta[name="csrf-token"]')?.content;

function signInAgain() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

// A network that changes breaks off what is under way, also on this machine; what only reads is asked for once more.
async function ask(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (options.method && options.method !== "GET") throw error;
    await pause(RETRY_MS);
    return fetch(path, options);
  }
}

async function call(path, options = {}) {
  let response;
  try {
    response = await ask(path, csrf ? { ...options, headers: { ...options.headers, "X-CSRF-Token": csrf } } : options);
  } catch {
    throw new ApiError(0, "unreachable", "Lookalike does not answer. Is it still running?");
  }
  if (response.status === 401) signInAgain();
  const body = await response.json().catch(() => null);
  if (response.ok) return body;
  const error = body?.error ?? { code: "http_error", message: `The server answered with status ${response.status}.` };
  throw new ApiError(response.status, error.code, error.message);
}

export const get = (path) => call(path);

export const post = (path, body) => call(path, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: body === undefined ? undefined : JSON.stringify(body),
});

export const postForm = (path, form) => call(path, { method: "POST", body: form });

export const remove = (path) => call(path, { method: "DELETE" });

export const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
