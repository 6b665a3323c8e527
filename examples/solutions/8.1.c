// 8.1: equals are made one first; then a turn of bits puts them in order.

static uint64_t word_of(double x) {
  uint64_t bits;
  if (x == 0) x = 0;
  memcpy(&bits, &x, sizeof bits);
  if (x != x) bits = UINT64_C(0x7ff8000000000000);
  return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}
