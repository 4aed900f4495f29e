// Records what arrives on an interface: one line per IP packet, "PROTOCOL DESTINATION PORT".
// Neighbour discovery and multicast group reports are the kernel's own and left out.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	unsigned char packet[65536];
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
	struct sockaddr_ll link = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };

	if (argc < 2 || fd < 0)
		return 1;
	link.sll_ifindex = if_nametoindex(argv[1]);
	if (bind(fd, (void *)&link, sizeof(link)))
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("open");
	for (;;) {
		struct sockaddr_ll from;
		socklen_t size = sizeof(from);
		char text[INET6_ADDRSTRLEN];
		long length = recvfrom(fd, packet, sizeof(packet), 0, (void *)&from, &size);
		int protocol, offset;

		if (length < 20 || from.sll_pkttype == PACKET_OUTGOING)
			continue;
		if (from.sll_protocol == htons(ETH_P_IP)) {
			protocol = packet[9];
			offset = (packet[0] & 15) * 4;
			inet_ntop(AF_INET, packet + 16, text, sizeof(text));
		} else if (from.sll_protocol == htons(ETH_P_IPV6) && length >= 40) {
			protocol = packet[6];
			offset = 40;
			while (protocol == 0 || protocol == 43 || protocol == 60 || protocol == 44) {
				protocol = packet[offset];
				offset += 8 + packet[offset + 1] * 8;
			}
			inet_ntop(AF_INET6, packet + 24, text, sizeof(text));
			if (protocol == 58 && (packet[offset] >= 130 && packet[offset] != 255))
				continue;
		} else {
			continue;
		}
		printf("%d %s %d\n", protocol, text, protocol == 6 || protocol == 17 ? packet[offset + 2] << 8 | packet[offset + 3] : 0);
	}
}
