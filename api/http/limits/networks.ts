import { isIPv4, isIPv6 } from 'node:net';

/**
 * From where a request comes, as attempts are counted: an IPv4 address, or the /64 of an IPv6 one, within which anybody has as many addresses as wanted.
 * Some proxies write the port behind it: it is left out. What is no address is one place, whatever it says.
 */
export function networkOf(address: string | undefined): string {
  const text = withoutPort(
    (address ?? '')
      .trim()
      .replace(/%[^\]]*/, '')
      .toLowerCase(),
  );
  if (isIPv4(text)) return text;
  if (!isIPv6(text)) return 'unknown';
  const groups = groupsOf(text);
  const [high = 0, low = 0] = groups.slice(6);
  // ::ffff:192.0.2.1, in whichever spelling.
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return [high >> 8, high & 255, low >> 8, low & 255].join('.');
  const loopback = groups.slice(0, 7).every((group) => group === 0) && low === 1;
  if (loopback) return '::1';
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** `[2001:db8::1]:443` and `192.0.2.1:443`; of IPv6 without brackets nothing can be left out. */
function withoutPort(text: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
}

/** The eight groups of an IPv6 address. */
function groupsOf(text: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const [, before = '', a, b, c, d] = dotted ?? [];
  const plain = dotted ? `${before}${pair(a, b)}:${pair(c, d)}` : text;
  const [front = '', back] = plain.split('::');
  const head = front ? front.split(':') : [];
  const tail = back ? back.split(':') : [];
  const gap = back === undefined ? [] : Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...gap, ...tail].map((group) => Number.parseInt(group, 16));
}

const pair = (one = '0', two = '0'): string => (Number(one) * 256 + Number(two)).toString(16);
