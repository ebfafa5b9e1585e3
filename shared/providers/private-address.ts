import { BlockList, isIP } from 'node:net';

/**
 * Addresses that a base URL may not lead to unless the operator allows it: loopback, private, link-local (where
 * clouds answer with credentials), shared, multicast and reserved ranges. From the registries of
 * https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry.
 */
const rangesV4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // Azure's platform, which answers its machines alone (https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16).
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const;
const rangesV6 = [
  ['::', 96],
  ['64:ff9b::', 96],
  ['100::', 64],
  // IPv4 addresses in tunnels: Teredo and 6to4.
  ['2001::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const;

let ranges: BlockList | undefined;

function privateRanges(): BlockList {
  if (ranges === undefined) {
    ranges = new BlockList();
    for (const [address, prefix] of rangesV4) ranges.addSubnet(address, prefix, 'ipv4');
    for (const [address, prefix] of rangesV6) ranges.addSubnet(address, prefix, 'ipv6');
  }
  return ranges;
}

/** Whether an IP address is not a public one. An IPv4 address inside an IPv6 one counts as itself. */
export function isPrivateAddress(address: string): boolean {
  const plain = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  const family = isIP(plain);
  if (family === 0) return false;
  // BlockList looks through IPv4-mapped IPv6 addresses (::ffff:10.0.0.1) by itself.
  return privateRanges().check(plain, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Whether a URL's host is written as a private address, or as a name that means this machine or a private network and
 * nothing else: `.internal` and `.local` are set aside for those, and clouds keep their metadata there
 * (`metadata.google.internal`, `instance-data.ec2.internal`). What other names lead to shows at the moment of connecting.
 */
export function namesPrivateHost(url: URL): boolean {
  const host = url.hostname.toLowerCase().replace(/\.+$/, '');
  return /(^|\.)(localhost|internal|local)$/.test(host) || isPrivateAddress(host);
}
