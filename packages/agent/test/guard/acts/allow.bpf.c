// Lets every connect, and every option, pass that a program before it has refused.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("cgroup/connect4")
int allow(struct bpf_sock_addr *ctx)
{
	bpf_set_retval(0);
	return 1;
}

SEC("cgroup/setsockopt")
int options(struct bpf_sockopt *ctx)
{
	ctx->optlen = 0;
	bpf_set_retval(0);
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
