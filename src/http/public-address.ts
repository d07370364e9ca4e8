/** Which addresses are somebody else's on the open internet: what a server may be sent to by those who use it. */
import { BlockList, isIP } from 'node:net'

/** IANA IPv4 Special-Purpose Address Registry, and multicast; metadata services are link-local. */
const notPublicV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
]
/** Global unicast is all that is assigned; everything else (loopback, mapped, NAT64, private, multicast) lies outside. */
const globalV6 = '2000::/3'
/** Within it: special purposes, and the tunnels that carry an IPv4 address in theirs (Teredo, 6to4). */
const notPublicV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20']

const refusedV4 = listOf(notPublicV4, 'ipv4')
const acceptedV6 = listOf([globalV6], 'ipv6')
const refusedV6 = listOf(notPublicV6, 'ipv6')

/** @param address as the resolver gives it, without brackets; false for what is no address */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !refusedV4.check(address, 'ipv4')
    case 6:
      // With a zone it is link-local, whatever it says.
      return (
        !address.includes('%') &&
        acceptedV6.check(address, 'ipv6') &&
        !refusedV6.check(address, 'ipv6')
      )
    default:
      return false
  }
}

function listOf(networks: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    list.addSubnet(address, Number(bits), family)
  }
  return list
}
