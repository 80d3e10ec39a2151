/** Somebody who works with the product over HTTP, as a program would: one account, one token. */
import { randomUUID } from 'node:crypto';

export type Answer<T = Record<string, unknown>> = { status: number; body: T; headers: Headers };
export type Person = {
  login: string;
  get<T = Record<string, unknown>>(path: string): Promise<Answer<T>>;
  /** Sends an Idempotency-Key: `key` or a new one. */
  post<T = Record<string, unknown>>(
    path: string,
    body?: unknown,
    options?: { key?: string; headers?: Record<string, string> },
  ): Promise<Answer<T>>;
  upload<T = Record<string, unknown>>(
    path: string,
    field: string,
    file: { name: string; content: Buffer | Uint8Array; type?: string },
    fields?: Record<string, string>,
  ): Promise<Answer<T>>;
  download(path: string): Promise<Buffer>;
  token: string;
};

/** Signs in with the demonstration's password, or in one click without it. */
export async function signIn(origin: string, login: string, password?: string): Promise<Person> {
  const answer =
    password === undefined
      ? await send(origin, undefined, 'POST', '/demo/switch', { login })
      : await send(origin, undefined, 'POST', '/sign-in', { login, password });
  const token = (answer.body as { token?: string }).token;
  if (!token) throw new Error(`${login} could not sign in: ${answer.status} ${JSON.stringify(answer.body)}`);
  return person(origin, login, token);
}

/** Signs in anew where the session has ended: whoever looks around may close it, and the demonstration goes on. */
export async function staySignedIn(origin: string, login: string): Promise<Person> {
  let now = await signIn(origin, login);
  const anew = async <A extends { status: number }>(act: () => Promise<A>): Promise<A> => {
    const answer = await act();
    if (answer.status !== 401) return answer;
    now = await signIn(origin, login);
    return act();
  };
  return {
    login,
    get token() {
      return now.token;
    },
    get: (path) => anew(() => now.get(path)),
    post: (path, body, options = {}) => {
      const once = { ...options, key: options.key ?? randomUUID() };
      return anew(() => now.post(path, body, once));
    },
    upload: (path, field, file, fields) => anew(() => now.upload(path, field, file, fields)),
    async download(path) {
      await anew(() => now.get('/account'));
      return now.download(path);
    },
  };
}

export function person(origin: string, login: string, token: string): Person {
  return {
    login,
    token,
    get: (path) => send(origin, token, 'GET', path) as Promise<never>,
    post: (path, body, options = {}) =>
      send(origin, token, 'POST', path, body ?? {}, {
        'idempotency-key': options.key ?? randomUUID(),
        ...options.headers,
      }) as Promise<never>,
    upload: async (path, field, file, fields = {}) => {
      const form = new FormData();
      for (const [name, value] of Object.entries(fields)) form.set(name, value);
      form.set(field, new Blob([new Uint8Array(file.content)], { type: file.type ?? 'application/octet-stream' }), file.name);
      const response = await fetch(`${origin}${path}`, {
        method: 'POST',
        body: form,
        headers: { accept: 'application/json', authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() },
      });
      return toAnswer(response) as Promise<never>;
    },
    async download(path) {
      const response = await fetch(`${origin}${path}`, { headers: { authorization: `Bearer ${token}`, accept: '*/*' } });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return Buffer.from(await response.arrayBuffer());
    },
  };
}

async function send(
  origin: string,
  token: string | undefined,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${origin}${path}`, {
    method,
    headers: {
      accept: 'application/json',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    redirect: 'manual',
  });
  return toAnswer(response);
}

async function toAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // pages and files stay text
  }
  return { status: response.status, body: body as Record<string, unknown>, headers: response.headers };
}
