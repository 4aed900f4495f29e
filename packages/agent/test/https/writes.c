/*
 * writes FILE: makes the writes that a file has, by a TLS library's functions that move nothing: in front of each stand three
 * numbers of 32 bits, of its connection, its size, and what the function returns. Both are 0: the connection ends.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static volatile int returns;

__attribute__((noinline)) int SSL_write(void *connection, const void *buffer, int size)
{
	return returns;
}

__attribute__((noinline)) int SSL_read(void *connection, void *buffer, int size)
{
	return returns;
}

__attribute__((noinline)) void SSL_free(void *connection)
{
	returns = 0;
}

int main(int count, char **words)
{
	FILE *file = fopen(words[1], "r");
	uint32_t head[3];

	if (!file)
		return 1;
	while (fread(head, sizeof(head), 1, file) == 1) {
		void *connection = (void *)(uintptr_t)(4096 + head[0]);
		char *buffer = malloc(head[1] + 1);

		if (!buffer || (head[1] && fread(buffer, head[1], 1, file) != 1))
			return 1;
		returns = (int)head[2];
		if (head[1] || head[2])
			SSL_write(connection, buffer, (int)head[1]);
		else
			SSL_free(connection);
		free(buffer);
	}
	return 0;
}
