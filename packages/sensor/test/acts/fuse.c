// SPDX-License-Identifier: Apache-2.0
/*
 * fuse FOLDER KIND: a file system that answers the process that it starts, and nobody else, ever. It has one file, this program, which
 * that process becomes: it says `runs`, and waits until standard input ends.
 *   plain     below FOLDER
 *   detached  the same, and the mount is let go of once it runs
 *   overlay   FOLDER/over is an overlay above it
 * fuse FOLDER KIND FILE ARGUMENTS: the same with FILE as the program, which gets these arguments; everybody is answered until it ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_NODE 2

static int device;
static struct stat own;
static int content;
/* Who is answered; 0: everybody. */
static volatile pid_t *only;

static void answer(const struct fuse_in_header *in, int error, const void *data, size_t size)
{
	static char buffer[1 << 18];
	struct fuse_out_header *out = (void *)buffer;

	*out = (struct fuse_out_header){ .len = sizeof(*out) + size, .error = error, .unique = in->unique };
	memcpy(buffer + sizeof(*out), data, size);
	if (write(device, buffer, out->len) < 0 && errno != ENOENT)
		_exit(3);
}

static struct fuse_attr attributes(unsigned long node)
{
	return (struct fuse_attr){
		.ino = node,
		.size = node == FILE_NODE ? own.st_size : 0,
		.blocks = node == FILE_NODE ? own.st_size / 512 : 0,
		.mode = node == FILE_NODE ? S_IFREG | 0755 : S_IFDIR | 0755,
		.nlink = 1,
		.blksize = 4096,
	};
}

static void serve(const struct fuse_in_header *in)
{
	static char data[1 << 17];
	const void *argument = in + 1;

	if (*only && (pid_t)in->pid != *only)
		return;
	switch (in->opcode) {
	case FUSE_INIT: {
		const struct fuse_init_in *init = argument;
		struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_readahead = init->max_readahead, .max_write = 1 << 16 };

		answer(in, 0, &out, sizeof(out));
		break;
	}
	case FUSE_LOOKUP: {
		struct fuse_entry_out out = { .nodeid = FILE_NODE, .generation = 1, .attr = attributes(FILE_NODE) };

		answer(in, strcmp(argument, "program") ? -ENOENT : 0, &out, strcmp(argument, "program") ? 0 : sizeof(out));
		break;
	}
	case FUSE_GETATTR: {
		struct fuse_attr_out out = { .attr = attributes(in->nodeid) };

		answer(in, 0, &out, sizeof(out));
		break;
	}
	case FUSE_OPEN:
	case FUSE_OPENDIR: {
		struct fuse_open_out out = { .fh = in->nodeid };

		answer(in, 0, &out, sizeof(out));
		break;
	}
	case FUSE_READ: {
		const struct fuse_read_in *read = argument;
		ssize_t size = pread(content, data, read->size, read->offset);

		answer(in, 0, data, size);
		break;
	}
	case FUSE_STATFS: {
		struct fuse_statfs_out out = { .st = { .bsize = 4096, .frsize = 4096, .namelen = 255 } };

		answer(in, 0, &out, sizeof(out));
		break;
	}
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		answer(in, -ENOSYS, NULL, 0);
	}
}

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	perror(what);
	exit(2);
}

static void serve_all(void)
{
	static char request[1 << 18];

	while (read(device, request, sizeof(request)) > 0)
		serve((void *)request);
	_exit(0);
}

/* The program, as the process that is answered. */
static int run(void)
{
	char byte;

	puts("runs");
	fclose(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	char options[200], path[4096], byte;
	const char *folder, *kind;
	pid_t server, program;
	int said[2];

	if (argc == 2)
		return run();
	folder = argv[1];
	kind = argv[2];
	only = mmap(NULL, sizeof(*only), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	content = open(argc > 3 ? argv[3] : "/proc/self/exe", O_RDONLY | O_CLOEXEC);
	must(content, "program");
	must(fstat(content, &own), "stat");
	device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	must(device, "/dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
	snprintf(path, sizeof(path), "%s/under", folder);
	mkdir(path, 0755);
	must(mount("none", path, "fuse", 0, options), "mount");
	server = fork();
	must(server, "fork");
	if (!server)
		serve_all();
	close(device);
	if (!strcmp(kind, "overlay")) {
		snprintf(options, sizeof(options), "lowerdir=%s/under:%s", folder, folder);
		snprintf(path, sizeof(path), "%s/over", folder);
		mkdir(path, 0755);
		must(mount("none", path, "overlay", 0, options), "overlay");
	}
	must(pipe2(said, O_CLOEXEC), "pipe");
	program = fork();
	must(program, "fork");
	if (!program) {
		strcat(path, "/program");
		if (argc > 3)
			execv(path, argv + 3);
		dup2(said[1], 1);
		execl(path, path, "run", NULL);
		perror(path);
		_exit(2);
	}
	close(said[1]);
	if (argc == 3 && read(said[0], &byte, 1) != 1)
		return 2;
	if (!strcmp(kind, "detached"))
		must(umount2(path, MNT_DETACH), "umount");
	if (argc == 3) {
		*only = program;
		printf("runs %d\n", program);
		fflush(stdout);
	}
	waitpid(program, NULL, 0);
	/* Whoever waits is told that there is nobody any more. */
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	snprintf(path, sizeof(path), "%s/over", folder);
	umount2(path, MNT_DETACH);
	snprintf(path, sizeof(path), "%s/under", folder);
	umount2(path, MNT_DETACH);
	return 0;
}
