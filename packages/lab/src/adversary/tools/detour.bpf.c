// SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause)
// Root's own program at connect: what was allowed to go to 11.19.0.0/16 goes to 11.18.0.0/16.
#include <linux/bpf.h>

__attribute__((section("cgroup/connect4"), used)) int detour(struct bpf_sock_addr *to)
{
	if ((to->user_ip4 & 0xffff) == (11 | 19 << 8))
		to->user_ip4 = (to->user_ip4 & ~0xff00u) | 18 << 8;
	return 1;
}

char _license[] __attribute__((section("license"), used)) = "GPL";
