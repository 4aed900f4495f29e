int crc64(int value) { return value; }
