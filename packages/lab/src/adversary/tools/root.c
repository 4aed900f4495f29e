// Stands for sudo without a password: installed setuid, it runs its arguments as root.
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc < 2 || setgid(0) || setuid(0))
		return 2;
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
