/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * What the scope's programs send and receive through TLS libraries, before encryption and after decryption: probes on
 * the libraries' own functions, and which files user space must look at to put them there.
 */
#include "https_carried.h"
#include "https_offers.h"
#include "tls_calls.h"
#include "tls_images.h"

char _license[] SEC("license") = "Dual BSD/GPL";

#if defined(__TARGET_ARCH_x86)
/* Behind a return the stack pointer is above the return address, to which it pointed at the begin. */
#define RETURN_ADDRESS 8
#define C_ARG0 di
#define C_ARG1 si
#define C_ARG2 dx
#define C_ARG3 cx
#define C_RESULT ax
/* Go's ABIInternal (Go 1.17): https://go.dev/s/regabi */
#define GO_ARG0 ax
#define GO_ARG1 bx
#define GO_ARG2 cx
#define GO_RESULT ax
#define GO_G r14
#else
#define RETURN_ADDRESS 0
#define C_ARG0 regs[0]
#define C_ARG1 regs[1]
#define C_ARG2 regs[2]
#define C_ARG3 regs[3]
#define C_RESULT regs[0]
#define GO_ARG0 regs[0]
#define GO_ARG1 regs[1]
#define GO_ARG2 regs[2]
#define GO_RESULT regs[0]
#define GO_G regs[28]
#endif

static __always_inline struct tls_call_key c_call(u64 frame)
{
	u64 thread = bpf_get_current_pid_tgid();

	return (struct tls_call_key){ .thread = thread, .frame = frame, .tgid = thread >> 32 };
}

/* A goroutine moves between threads, and its stack in memory: what stays is how far from the stack's end it is. */
static __always_inline struct tls_call_key go_call(u64 g, u64 sp)
{
	struct tls_call_key key = { .thread = g, .tgid = bpf_get_current_pid_tgid() >> 32 };
	u64 high = 0;

	/* runtime.g begins with stack { lo, hi }. */
	bpf_probe_read_user(&high, sizeof(high), (void *)(g + 8));
	key.frame = high - sp;
	return key;
}

/* f(session, buffer, size, count?) of C begins. */
static __always_inline void c_begins(const struct tls_call_key *key, struct tls_call *call, u32 cookie)
{
	begin_call(key, call);
	if (cookie & TLS_RECEIVED)
		return;
	if (offer(call, cookie))
		note_offered(key);
	begin_sending(call->session);
}

/*
 * Go's begins. Another goroutine can read the answer before a Write has returned: what is sent is told when it begins. It
 * begins twice where the stack must grow for it; then it is there already.
 */
static __always_inline void go_begins(const struct tls_call_key *key, struct tls_call *call, u32 cookie)
{
	if (begin_call(key, call) && !(cookie & TLS_RECEIVED)) {
		call->offered = offer(call, cookie);
		tell_moved(call, call->size, cookie);
	}
}

static __always_inline void go_returns(const struct tls_call_key *key, s64 moved, u32 cookie)
{
	struct tls_call call;

	if (end_call(key, &call) && cookie & TLS_RECEIVED && moved > 0)
		tell_moved(&call, moved, cookie);
}

/*
 * A function of C begins, or one that ends its session. Or func (c *Conn) Read(b []byte) (int, error), or Write, of Go: also
 * again, on a larger stack; or one of its return instructions, since Go's stacks have no place for a return probe's own
 * address; or Close(). One program for both: the verifier looks at offer() once in each program.
 */
SEC("uprobe")
int tls_call(struct pt_regs___user *regs)
{
	u32 cookie = bpf_get_attach_cookie(regs);
	bool go = cookie & TLS_GO;
	struct tls_call call = {
		.session = regs->C_ARG0, .buffer = regs->C_ARG1, .size = regs->C_ARG2, .count = regs->C_ARG3,
	};
	u64 session = regs->GO_ARG0, buffer = regs->GO_ARG1, size = regs->GO_ARG2;
	struct tls_call_key key;

	if (!in_scope())
		return 0;
	/* Read by now: the verifier takes no pointer to one register or another. */
	barrier_var(session);
	barrier_var(buffer);
	barrier_var(size);
	if (go)
		call = (struct tls_call){ .session = session, .buffer = buffer, .size = size };
	if (cookie & TLS_ENDS) {
		end_session(call.session);
		forget_offers(call.session);
		return 0;
	}
	if (cookie & TLS_COUNT_IS_INT)
		call.size = (u32)call.size;
	key = go ? go_call(regs->GO_G, regs->sp) : c_call(regs->sp);
	if (cookie & TLS_RETURNS)
		go_returns(&key, regs->GO_RESULT, cookie);
	else if (go)
		go_begins(&key, &call, cookie);
	else
		c_begins(&key, &call, cookie);
	return 0;
}

SEC("uretprobe")
int tls_return(struct pt_regs___user *regs)
{
	u32 cookie = bpf_get_attach_cookie(regs);
	struct tls_call_key key;
	struct tls_call call;
	s64 moved = regs->C_RESULT;

	if (!in_scope())
		return 0;
	if (!(cookie & TLS_RECEIVED))
		end_sending();
	key = c_call(regs->sp - RETURN_ADDRESS);
	if (!end_call(&key, &call))
		return 0;
	if (cookie & TLS_COUNT_IS_INT)
		moved = (s32)moved;
	if (cookie & TLS_COUNT_BY_POINTER) {
		if ((s32)moved != 1 || bpf_probe_read_user(&moved, sizeof(moved), (void *)call.count))
			return 0;
	}
	if (moved > 0)
		tell_moved(&call, moved, cookie);
	return 0;
}

/* A child has its parent's code. */
SEC("tp_btf/sched_process_fork")
int https_fork(u64 *ctx)
{
	if (in_scope())
		see_child((struct task_struct *)ctx[0], (struct task_struct *)ctx[1]);
	return 0;
}

SEC("tp_btf/sys_enter")
int https_send(u64 *ctx)
{
	note_carried((struct pt_regs *)ctx[0]);
	return 0;
}

/* Whoever decides about writes; 0: nobody has begun to. */
u32 https_decider;

/* Run by the agent, in whatever pid namespace: it decides from here on. */
SEC("syscall")
int https_decide(void *unused)
{
	struct https_state somebody = { .to = 1 };
	u32 slot = HTTPS_ON;

	https_decider = bpf_get_current_pid_tgid() >> 32;
	return bpf_map_update_elem(&https_state, &slot, &somebody, BPF_ANY);
}

/* Before its probes go with its files: from here on nobody decides, and nothing leaves. */
SEC("tp_btf/sched_process_exit")
int https_exit(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct https_state nobody = {};
	u32 slot = HTTPS_ON;

	if (task->pid != task->tgid)
		return 0;
	if (https_decider && (u32)task->tgid == https_decider)
		bpf_map_update_elem(&https_state, &slot, &nobody, BPF_ANY);
	else if (in_scope())
		unsee_process(task);
	return 0;
}

/* No program needs it: it keeps every shared type in the object's BTF, where a test holds it against TypeScript. */
struct shared_types {
	struct tls_image image;
	enum tls_cookie cookie;
	enum tls_record_kind kind;
	enum tls_lost lost;
	enum https_methods methods;
	struct tls_chunk chunk;
};

struct shared_types *shared_types;
