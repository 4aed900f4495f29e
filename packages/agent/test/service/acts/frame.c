/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts one UDP datagram over IPv4 onto the network without any IP socket of this machine.
 *   frame packet INTERFACE ADDRESS PORT [SOURCE-PORT]   packet socket, the frame as it is
 *   frame lying INTERFACE ADDRESS PORT                  the same, by a socket that says that it sends ARP
 *   frame vlan INTERFACE ADDRESS PORT                   the same, with a VLAN tag
 *   frame other INTERFACE ADDRESS PORT                  the same, with a type of frame that nobody has
 *   frame later INTERFACE ADDRESS PORT                  the same, as a later fragment
 *   frame round INTERFACE ADDRESS PORT                  the same, by a socket that goes round the queue
 *   frame guest ADDRESS PORT                            as a virtual machine does: out of a TUN device, 10.9.0.2
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct datagram {
	struct iphdr ip;
	struct udphdr udp;
	char data[8];
} __attribute__((packed));

static unsigned short sum(const void *data, int size)
{
	const unsigned short *words = data;
	unsigned total = 0;

	for (int i = 0; i < size / 2; i++)
		total += words[i];
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return ~total;
}

static struct datagram datagram(const char *from, const char *to, int port, int source)
{
	struct datagram made = {
		.ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP, .tot_len = htons(sizeof(made)) },
		.udp = { .source = htons(source), .dest = htons(port), .len = htons(sizeof(made) - sizeof(struct iphdr)) },
		.data = "greeting",
	};
	inet_pton(AF_INET, from, &made.ip.saddr);
	inet_pton(AF_INET, to, &made.ip.daddr);
	made.ip.check = sum(&made.ip, sizeof(made.ip));
	return made;
}

static int guest(const char *to, int port)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	struct datagram made = datagram("10.9.0.2", to, port, 4000);
	int fd = open("/dev/net/tun", O_RDWR);

	strcpy(request.ifr_name, "guest0");
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
		err(1, "tun");
	if (system("ip addr add 10.9.0.1/24 dev guest0 && ip link set guest0 up"))
		return 1;
	if (write(fd, &made, sizeof(made)) != sizeof(made))
		err(1, "write");
	/* It is forwarded by the time that this returns. */
	return 0;
}

int main(int argc, char **argv)
{
	unsigned char frame[14 + 4 + sizeof(struct datagram)] = {};
	struct sockaddr_ll link = { .sll_family = AF_PACKET };
	struct datagram made;
	int protocol = ETH_P_IP, size = 14, one = 1, fd;

	if (argc == 4 && !strcmp(argv[1], "guest"))
		return guest(argv[2], atoi(argv[3]));
	if (argc < 5)
		errx(2, "see the head of frame.c");
	made = datagram("192.0.2.2", argv[3], atoi(argv[4]), argc > 5 ? atoi(argv[5]) : 4000);
	if (!strcmp(argv[1], "later")) {
		made.ip.frag_off = htons(8);
		made.ip.check = 0;
		made.ip.check = sum(&made.ip, sizeof(made.ip));
	}
	memset(frame, 0xff, 6);
	memcpy(frame + 6, "\x02\x00\x00\x00\x00\x01", 6);
	frame[12] = 0x08;
	if (!strcmp(argv[1], "vlan")) {
		memcpy(frame + 12, "\x81\x00\x00\x05\x08\x00", 6);
		size = 18;
	} else if (!strcmp(argv[1], "other")) {
		memcpy(frame + 12, "\x88\xb5", 2);
	} else if (!strcmp(argv[1], "lying")) {
		protocol = ETH_P_ARP;
	}
	memcpy(frame + size, &made, sizeof(made));
	fd = socket(AF_PACKET, SOCK_RAW, htons(protocol));
	if (!strcmp(argv[1], "round") && setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)))
		err(1, "round");
	link.sll_protocol = htons(protocol);
	link.sll_ifindex = if_nametoindex(argv[2]);
	if (fd < 0 || sendto(fd, frame, size + sizeof(made), 0, (void *)&link, sizeof(link)) < 0)
		err(1, "send");
	return 0;
}
