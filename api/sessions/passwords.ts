/** Checking passwords: argon2id, at most two at once, and a limit of attempts per account and per address that all processes share. */
import { hash, verify } from '@node-rs/argon2';
import type { Knex } from 'knex';
import { UnavailableError } from '../../workflows/domain/errors.ts';
import { readSecurity } from '../../db/accounts/security-settings.ts';
import { createLimit, type Limit } from '../http/limits.ts';

/** ASVS 5.0: 19 MiB, two passes. */
const argon = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const AT_ONCE = 2;
/** Each takes about 50 ms of a core: who comes behind so many is told to come again. */
const WAITING_AT_MOST = 100;

export function hashPassword(password: string): Promise<string> {
  return hash(password, argon);
}

export type PasswordDesk = {
  /** Counts an attempt, at an account (or what stands for it) and from an address. Throws TooManyError; `onLocked` when that locks the account. */
  admit(login: string | undefined, address: string, onLocked?: () => Promise<void>): Promise<void>;
  /** Hashes a new password, in its turn like every check. */
  hash(password: string): Promise<string>;
  /** False for a wrong password and for an account that does not exist, in the same time. */
  verify(passwordHash: string | undefined, password: string): Promise<boolean>;
  /** After a right password: forgets the attempts of the account, and gives its attempt back to the address, behind which many people may sit. */
  forgive(login: string, address?: string): Promise<void>;
};

const desks = new WeakMap<Knex, PasswordDesk>();

/** The one desk of this process: all its counters wait in one line. */
export function passwordDesk(db: Knex): PasswordDesk {
  const known = desks.get(db) ?? createPasswordDesk(db);
  desks.set(db, known);
  return known;
}

function createPasswordDesk(db: Knex): PasswordDesk {
  const kept = new Map<string, Limit>();
  /** As the security settings say now; the counts are the same for all of them. */
  const perAccount = async (): Promise<Limit> => {
    const { attempts, lockMinutes } = await readSecurity(db);
    const limit =
      kept.get(`${attempts}/${lockMinutes}`) ??
      createLimit(db, { name: 'login', points: attempts, duration: lockMinutes * 60, code: 'signIn.tooMany' });
    kept.set(`${attempts}/${lockMinutes}`, limit);
    return limit;
  };
  const perAddress = createLimit(db, { name: 'address', points: 200, duration: 900, code: 'signIn.tooMany' });
  let running = 0;
  const waiting: (() => void)[] = [];
  let decoy: Promise<string> | undefined;

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (waiting.length >= WAITING_AT_MOST) throw new UnavailableError('busy');
    if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  }

  return {
    async admit(login, address, onLocked) {
      await perAddress.consume(address);
      if (login !== undefined) await (await perAccount()).consume(login.toLowerCase(), onLocked);
    },
    hash: (password) => inTurn(() => hashPassword(password)),
    async verify(passwordHash, password) {
      decoy ??= hashPassword('no such account');
      const expected = passwordHash ?? (await decoy);
      const right = await inTurn(() => verify(expected, password));
      return right && passwordHash !== undefined;
    },
    async forgive(login, address) {
      if (address !== undefined) await perAddress.giveBack(address);
      await (await perAccount()).forget(login.toLowerCase());
    },
  };
}
