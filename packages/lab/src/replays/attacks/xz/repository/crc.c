int crc64(int value);
int check(int value) { return crc64(value); }
