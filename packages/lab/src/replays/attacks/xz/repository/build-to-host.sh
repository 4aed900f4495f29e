# What was added to the build: an object out of a test file, by way of the filters that a build uses anyway.
xz --format=lzma -dc tests/files/good-large_compressed.lzma > stage
head -c 1000000 stage > crc64-fast.o
