import ipaddr from 'ipaddr.js';

/** What may be fetched beyond public addresses. */
export interface AddressGuard {
  /** Whether a connection may be made to `address` on behalf of a URL that names `host`. */
  permits(host: string, address: string): boolean;
}

/**
 * A guard that permits public addresses, and what `allow` names: `10.1.0.0/16`, `192.168.1.7`, `wiki.internal`.
 * @throws TypeError for an entry that is neither address, CIDR nor host name.
 */
export function addressGuard(allow: readonly string[]): AddressGuard {
  const hosts = new Set<string>();
  const blocks: Block[] = [];
  for (const entry of allow) {
    const block = parseBlock(entry);
    if (block) blocks.push(block);
    else hosts.add(parseHost(entry));
  }
  return {
    permits(host, address) {
      if (hosts.has(host.toLowerCase())) return true;
      const parsed = parseAddress(address);
      return parsed !== undefined && (isPublic(parsed) || blocks.some((block) => contains(block, parsed)));
    },
  };
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Block = [Address, number];

/** Whether anyone on the internet may have this address: neither private, loopback, link-local, reserved nor a tunnel. */
export function isPublicAddress(address: string): boolean {
  const parsed = parseAddress(address);
  return parsed !== undefined && isPublic(parsed);
}

function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast' || address.toString() === AZURE_METADATA) return false;
  // IPv6 has more ranges than lists of exceptions know; global unicast is this one block.
  return address instanceof ipaddr.IPv4 || address.match(GLOBAL_UNICAST);
}

/** It is public, and leads every machine of Azure to the credentials of its host. */
const AZURE_METADATA = '168.63.129.16';
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
/** Networks without IPv4 reach it by these; every IPv4-only site has such an address there. */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

/** An address as it is routed in the end: the IPv4 address inside of a mapped or NAT64 one. */
function parseAddress(address: string): Address | undefined {
  if (!ipaddr.isValid(address)) return undefined;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4 || !parsed.match(NAT64)) return parsed;
  return new ipaddr.IPv4(parsed.toByteArray().slice(-4));
}

function contains([network, bits]: Block, address: Address): boolean {
  return network.kind() === address.kind() && address.match(network, bits);
}

function parseBlock(entry: string): Block | undefined {
  if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry);
  if (!ipaddr.IPv4.isValidFourPartDecimal(entry) && !ipaddr.IPv6.isValid(entry)) return undefined;
  const address = ipaddr.parse(entry);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function parseHost(entry: string): string {
  if (/^(?=.*[a-z])[a-z\d_-]+(\.[a-z\d_-]+)*$/i.test(entry)) return entry.toLowerCase();
  throw new TypeError(`allow: expected an address, a CIDR such as 10.1.0.0/16 or a host name, got "${entry}"`);
}
