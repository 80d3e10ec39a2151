/** Checking passwords: argon2id, at most two at once, and limits of attempts that all processes share: per account, counted apart where the person is known, and per address. */
import { hash, verify } from '@node-rs/argon2';
import type { Knex } from 'knex';
import { UnavailableError } from '../../workflows/domain/errors.ts';
import { readSecurity } from '../../db/accounts/security-settings.ts';
import { createLimit, type Limit } from '../http/limits/limits.ts';
import { networkOf } from '../http/limits/networks.ts';
import { TooManyError } from '../http/limits/too-many.ts';

/** ASVS 5.0: 19 MiB, two passes. */
const argon = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const AT_ONCE = 2;
/** Each takes about 50 ms of a core: who comes behind so many is told to come again. */
const WAITING_AT_MOST = 100;

export function hashPassword(password: string): Promise<string> {
  return hash(password, argon);
}

/**
 * Where an attempt is counted: at the account, or apart from everybody else's in a browser (`device`) or network in which this person has signed in
 * before; at the own account of somebody who is signed in, or at a set-up link.
 */
export type Door = { kind: 'login' | 'network' | 'device' | 'own' | 'link'; key: string };

/** Who stands before these may not learn whether there is such an account: a shut door and a wrong password are answered alike. */
const silent: readonly Door['kind'][] = ['login', 'network'];

export type PasswordDesk = {
  /**
   * Counts an attempt, from an address and at a door. False where the door is shut and may not say so; throws TooManyError for the others and for the
   * address. `onLocked` when this attempt shuts it.
   */
  admit(door: Door, address: string, onLocked?: () => Promise<void>): Promise<boolean>;
  /** Counts a look at a set-up link, whichever it is. */
  admitLook(address: string): Promise<void>;
  /** Hashes a new password, in its turn like every check. */
  hash(password: string): Promise<string>;
  /** False for a wrong password and for an account that does not exist, in the same time. */
  verify(passwordHash: string | undefined, password: string): Promise<boolean>;
  /**
   * After a right password: forgets the attempts at this door and no other, and gives the address, behind which many people may sit, this one attempt
   * back; wrong ones before it stay counted.
   */
  forgive(door: Door, address?: string): Promise<void>;
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
  const perDoor = async (name: Door['kind']): Promise<Limit> => {
    const { attempts, lockMinutes } = await readSecurity(db);
    const words = `${name}/${attempts}/${lockMinutes}`;
    const limit = kept.get(words) ?? createLimit(db, { name, points: attempts, duration: lockMinutes * 60, code: 'signIn.tooMany' });
    kept.set(words, limit);
    return limit;
  };
  const perAddress = createLimit(db, { name: 'address', points: 200, duration: 900, code: 'signIn.tooMany' });
  // Whoever is known keeps an own count: no stranger at the same address, and no page that somebody there opens, shuts a whole office out.
  const known = createLimit(db, { name: 'known', points: 1_000, duration: 900, code: 'signIn.tooMany' });
  const ofAddress: Record<Door['kind'], Limit> = {
    login: perAddress,
    network: known,
    device: known,
    own: known,
    link: createLimit(db, { name: 'set-up', points: 200, duration: 900, code: 'signIn.tooMany' }),
  };
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
    async admit(door, address, onLocked) {
      await ofAddress[door.kind].consume(networkOf(address));
      try {
        await (await perDoor(door.kind)).consume(door.key, onLocked);
        return true;
      } catch (error) {
        if (!(error instanceof TooManyError) || !silent.includes(door.kind)) throw error;
        return false;
      }
    },
    hash: (password) => inTurn(() => hashPassword(password)),
    async admitLook(address) {
      await ofAddress.link.consume(networkOf(address));
    },
    async verify(passwordHash, password) {
      decoy ??= hashPassword('no such account');
      const expected = passwordHash ?? (await decoy);
      const right = await inTurn(() => verify(expected, password));
      return right && passwordHash !== undefined;
    },
    async forgive(door, address) {
      if (address !== undefined) await ofAddress[door.kind].giveBack(networkOf(address));
      await (await perDoor(door.kind)).forget(door.key);
    },
  };
}
