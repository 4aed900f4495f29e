/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * What leaves a machine whose whole is the scope, at the interfaces that lead out of it. The packets of its processes'
 * IP sockets were decided before (enforce.bpf.c), and are known by their flow. What comes here without one is decided by
 * the same maps: packet sockets, what is forwarded for virtual machines, tunnels around what was decided.
 */
#define PACKET_AT(skb) ((skb)->cb[0])

#include "kernel.h"
#include "families.h"
#include "neighbours.h"
#include "exempt.h"
#include "note_flow.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define ETH_P_ARP 0x0806
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88a8
#define AF_PACKET 17
#define AF_XDP 44

#define SOL_PACKET 263
#define PACKET_QDISC_BYPASS 20
#define SOL_XDP 283
#define XDP_TX_RING 3

#define IPPROTO_IGMP 2

#define DHCP_CLIENT 68
#define DHCP_SERVER 67
#define DHCP6_CLIENT 546
#define DHCP6_SERVER 547

/* What the next program at the hook decides, and what nobody has to. */
#define NEXT (-1)
#define DROP 2

/* The machine gets its addresses by programs with packet sockets. */
const volatile bool passes_dhcp = false;

/* Bytes of the link's header, by the interface's number. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u32);
} link_headers SEC(".maps");

/* First fragments that passed, by whose they are, where to, and their number: the later ones have no ports. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 12);
	__type(key, struct flow_key);
	__type(value, u8);
} fragments SEC(".maps");

struct ethernet {
	u8 destination[6];
	u8 source[6];
	u16 type;
};

/* The frame's own word: skb->protocol is what the sender of a packet socket says. 0: it can't be read. */
static __always_inline u16 frame_type(struct __sk_buff *skb, u32 *at)
{
	u32 ifindex = skb->ifindex;
	u32 *size = bpf_map_lookup_elem(&link_headers, &ifindex);
	struct ethernet header;
	u8 version;

	if (!size || *size == 0) {
		*at = 0;
		if (bpf_skb_load_bytes(skb, 0, &version, 1))
			return 0;
		return version >> 4 == 4 ? ETH_P_IP : version >> 4 == 6 ? ETH_P_IPV6 : 0;
	}
	if (bpf_skb_load_bytes(skb, 0, &header, sizeof(header)))
		return 0;
	*at = sizeof(header);
	for (int tags = 0; tags < 2; tags++) {
		u16 tag[2];
		if (header.type != bpf_htons(ETH_P_8021Q) && header.type != bpf_htons(ETH_P_8021AD))
			break;
		if (bpf_skb_load_bytes(skb, *at, tag, sizeof(tag)))
			return 0;
		header.type = tag[1];
		*at += sizeof(tag);
	}
	return bpf_ntohs(header.type);
}

/* Flows without a socket are named by where they come from; sockets' numbers never have the highest bit. */
static __always_inline u64 origin(const struct packet *packet, u16 port)
{
	const u64 *halves = (const u64 *)packet->source;
	u64 mixed = (halves[0] ^ (u64)port << 48) * 0x9e3779b97f4a7c15ull;

	mixed = (mixed ^ mixed >> 29 ^ halves[1]) * 0xbf58476d1ce4e5b9ull;
	return (mixed ^ mixed >> 32) | 1ull << 63;
}

/* The number that a packet's fragments share, when it is one; `later`: it is not the first. */
static __always_inline bool is_fragment(struct __sk_buff *skb, const struct packet *packet, u16 *number, bool *later)
{
	u8 next = 0, extension[8];
	u16 words[2];

	if (packet->to.family == AF_INET) {
		if (load_bytes(skb, 4, words, sizeof(words)) || !(words[1] & bpf_htons(0x3fff)))
			return false;
		*number = words[0];
		*later = words[1] & bpf_htons(0x1fff);
		return true;
	}
	if (load_bytes(skb, 6, &next, 1) || next != IPV6_FRAGMENT || load_bytes(skb, 40, extension, sizeof(extension)))
		return false;
	__builtin_memcpy(number, extension + 6, 2);
	*later = extension[2] || extension[3] & 0xf8;
	return true;
}

static __always_inline bool is_dhcp(const struct packet *packet)
{
	const struct destination *to = &packet->to;

	if (to->protocol != IPPROTO_UDP || packet->fault)
		return false;
	if (to->family == AF_INET)
		return packet->source_port == DHCP_CLIENT && to->port == DHCP_SERVER && to->words[3] == 0xffffffff;
	return packet->source_port == DHCP6_CLIENT && to->port == DHCP6_SERVER && to->address[0] == 0xff &&
	       to->address[1] == 2;
}

/* Reports of multicast groups to 224.0.0.0/24, which no router forwards. */
static __always_inline bool is_group_report(const struct destination *to)
{
	return to->family == AF_INET && to->protocol == IPPROTO_IGMP && to->address[12] == 224 && !to->address[13] &&
	       !to->address[14];
}

/* What is not IP goes no further than the link; only ARP has to. */
static __always_inline int other_frame(u16 type)
{
	struct decision decision = { .generation = current_generation() };
	struct destination to = { .family = AF_PACKET, .protocol = IPPROTO_RAW };
	struct owner nobody = {};

	if (type == ETH_P_ARP)
		return NEXT;
	deny(&decision, type ? REASON_PROTOCOL : REASON_MALFORMED);
	tell(&nobody, &to, &decision, 0, VIA_LINK);
	return is_denied(&decision) ? DROP : NEXT;
}

/* Not static: see packet.h. */
__noinline int read_frame(struct __sk_buff *skb, struct packet *packet, u32 type)
{
	if (!packet)
		return -1;
	if (type == ETH_P_IP)
		read_ipv4(skb, packet);
	else
		read_ipv6(skb, packet);
	return 0;
}

SEC("tc")
int link_egress(struct __sk_buff *skb)
{
	struct decision decision = { .rule = RULE_NONE, .generation = current_generation() };
	struct owner nobody = {};
	struct packet packet = {};
	struct flow_key fragment = { .protocol = IPV6_FRAGMENT };
	struct bpf_sock *sk = skb->sk;
	struct flow *flow;
	bool of_socket, part, later = false;
	u16 type, number = 0;
	u64 cookie;
	u32 at;

	if (is_exempt_packet(skb))
		return NEXT;
	type = frame_type(skb, &at);
	if (type != ETH_P_IP && type != ETH_P_IPV6)
		return other_frame(type);
	skb->cb[0] = at;
	read_frame(skb, &packet, type);
	if (is_group_report(&packet.to) || (!packet.fault && is_neighbour_talk(skb, &packet)))
		return NEXT;
	of_socket = sk && (sk->family == AF_INET || sk->family == AF_INET6);
	if (passes_dhcp && !of_socket && is_dhcp(&packet))
		return NEXT;

	cookie = of_socket ? bpf_get_socket_cookie(skb) : origin(&packet, packet.source_port);
	part = is_fragment(skb, &packet, &number, &later);
	if (part) {
		fragment.cookie = of_socket ? cookie : origin(&packet, 0);
		fragment.port = number;
		__builtin_memcpy(fragment.address, packet.to.address, 16);
		if (later && packet.fault == REASON_FRAGMENT && bpf_map_lookup_elem(&fragments, &fragment))
			return NEXT;
	}
	flow = packet.fault ? NULL : find_flow(&packet.to, cookie);
	if (!flow || !is_current(flow, decision.generation)) {
		if (!packet.fault)
			decide(&packet.to, cookie, &decision, &nobody, false);
		else if (!decide_block_list(&packet.to, &decision))
			deny(&decision, packet.fault);
		/* Loopback addresses that root has routed out. */
		if (decision.reason == REASON_LOOPBACK)
			deny(&decision, REASON_NO_RULE);
		tell(&nobody, &packet.to, &decision, cookie, VIA_LINK);
		if (is_denied(&decision))
			return DROP;
		if (!packet.fault)
			note_flow(&packet.to, &decision, &nobody, cookie, skb->len, 0, 0);
	} else if (!of_socket) {
		count_packet(flow, skb->len);
	}
	if (part && !later) {
		u8 passed = 1;
		bpf_map_update_elem(&fragments, &fragment, &passed, BPF_ANY);
	}
	return NEXT;
}

/*
 * Packet sockets that go round the queue, and all of AF_XDP, go round the program above, too: neither can be asked for.
 * With a length of 0 the kernel goes on with what the caller gave, however long it is.
 */
SEC("cgroup/setsockopt")
int link_options(struct bpf_sockopt *ctx)
{
	struct decision decision = { .generation = current_generation() };
	struct destination to = { .protocol = IPPROTO_RAW };
	struct owner owner;
	bool packet = ctx->level == SOL_PACKET && ctx->optname == PACKET_QDISC_BYPASS;

	ctx->optlen = 0;
	if (!packet && !(ctx->level == SOL_XDP && ctx->optname == XDP_TX_RING))
		return ALLOW;
	if (has_exemptions && current_is_exempt())
		return ALLOW;
	to.family = packet ? AF_PACKET : AF_XDP;
	deny(&decision, REASON_FAMILY);
	current_owner(&owner);
	tell(&owner, &to, &decision, 0, via_type(VIA_SOCKET, SOCK_RAW));
	return is_denied(&decision) ? DENY : ALLOW;
}
