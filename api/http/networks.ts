/** From where a request comes, as attempts are counted: an IPv4 address, or the /64 of an IPv6 one, within which anybody has as many addresses as wanted. */
export function networkOf(address: string | undefined): string {
  const text = (address ?? '').replace(/%.*$/, '').toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (mapped?.[1]) return mapped[1];
  if (!text.includes(':')) return text;
  const [front = '', back] = text.split('::');
  const head = front ? front.split(':') : [];
  const tail = back ? back.split(':') : [];
  const groups = back === undefined ? head : [...head, ...Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0'), ...tail];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
