// File acts that the shell has no program for: file ACT ARGS…
// truncate PATH | rename PATH PATH | link-path PATH NAME (by a descriptor that reads nothing) | openat FOLDER NAME | tmpfile FOLDER NAME | nobody PATH | ia32 PATH (x86-64)
// mapped PATH PROGRAM ARGS…: runs the program while PATH is mapped for writing, and closed
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **args)
{
	const char *act = args[1], *a = args[2], *b = count > 3 ? args[3] : "";
	if (!strcmp(act, "truncate"))
		return truncate(a, 0) != 0;
	if (!strcmp(act, "rename"))
		return rename(a, b) != 0;
	if (!strcmp(act, "openat"))
		return openat(open(a, O_PATH), b, O_WRONLY | O_CREAT, 0644) < 0;
	if (!strcmp(act, "mapped")) {
		int fd = open(a, O_RDWR);
		char *map = mmap(0, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
		pid_t child = vfork();
		if (!child)
			_exit(execvp(b, args + 3));
		waitpid(child, 0, 0);
		return map == MAP_FAILED;
	}
	// Opens it as somebody who has no rights.
	if (!strcmp(act, "nobody"))
		return setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534) || open(a, O_RDONLY) >= 0;
#ifdef __x86_64__
	// creat by the 32-bit interface, whose number 8 is lseek in the 64-bit one.
	if (!strcmp(act, "ia32")) {
		char *low = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
		int fd = -1;
		strcpy(low, a);
		asm volatile("int $0x80" : "=a"(fd) : "a"(8), "b"(low), "c"(0644) : "r8", "r9", "r10", "r11", "memory");
		return fd < 0;
	}
#endif
	if (!strcmp(act, "tmpfile") || !strcmp(act, "link-path")) {
		int fd = open(a, *act == 't' ? O_TMPFILE | O_WRONLY : O_PATH, 0644);
		char path[64];
		sprintf(path, "/proc/self/fd/%d", fd);
		return linkat(AT_FDCWD, path, AT_FDCWD, b, AT_SYMLINK_FOLLOW) != 0;
	}
	return 4;
}
