/**
 * Numbers of the rtnetlink wire format, from the kernel's uapi headers `linux/netlink.h`, `rtnetlink.h`, `if_link.h`,
 * `if_addr.h`, `neighbour.h`. Headers and numbers in attributes are in host order, addresses and ports in network order.
 */
export const NLM_F = {
  request: 0x1,
  multi: 0x2,
  ack: 0x4,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
} as const;

export const RTM = {
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
  newNeighbour: 28,
  deleteNeighbour: 29,
  getNeighbour: 30,
} as const;

/** In a route's flags: made by the kernel of another one, for what it learnt of one address (a smaller packet size). */
export const RTM_F_CLONED = 0x200;

export const AF = { unspecified: 0, inet: 2, bridge: 7, inet6: 10 } as const;

/** Sizes of the fixed part behind the netlink header. */
export const HEADER = { link: 16, address: 8, route: 12, neighbour: 12 } as const;

export const IFF_UP = 0x1;
export const IFLA = { address: 1, name: 3, mtu: 4, info: 18, extensions: 29 } as const;
/** Counters, which are most of a link's row, are left out of it. */
export const RTEXT_FILTER_SKIP_STATS = 1 << 3;
export const IFLA_INFO = { kind: 1, data: 2 } as const;
export const IFLA_VXLAN = {
  id: 1,
  group: 2,
  link: 3,
  local: 4,
  learning: 7,
  port: 15,
  group6: 16,
  local6: 17,
  groupPolicy: 23,
  collectMetadata: 25,
  genericProtocol: 27,
} as const;

export const IFA = { address: 1, local: 2 } as const;
/** An IPv6 address that is used at once: nobody else can have it. */
export const IFA_F_NODAD = 0x2;

export const RTA = { destination: 1, device: 4, gateway: 5, priority: 6, multipath: 9, table: 15, via: 18 } as const;
/** `nowhere` stands for any where a route is deleted. */
export const RT_SCOPE = { universe: 0, nowhere: 255 } as const;
export const RTNH_F_ONLINK = 4;

export const NDA = { destination: 1, mac: 2, device: 8 } as const;
export const NUD_NOARP = 0x40;
export const NUD_PERMANENT = 0x80;
/** The entry is of the device itself, not of the bridge that it is in. */
export const NTF_SELF = 0x2;
