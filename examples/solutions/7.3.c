// 7.3: what a piece says for both cases. The join is associative, the empty piece neutral.

typedef struct piece {
  long rows[2];        // line ends that count: if it begins outside quotes, or within
  bool bytes[2];       // are there bytes behind the last of them?
  bool flips;          // it ends in the other case than it begins
} piece;

static piece piece_read(const char *text, size_t n) {
  piece p = { { 0, 0 }, { false, false }, false };
  for (size_t i = 0; i < n; i++) {
    p.flips ^= text[i] == '"';
    p.bytes[0] = p.bytes[1] = true;
    if (text[i] != '\n') continue;
    p.rows[p.flips]++;
    p.bytes[p.flips] = false;
  }
  return p;
}

static piece piece_join(piece a, piece b) {
  piece p;
  for (int s = 0; s < 2; s++) {
    int t = s ^ a.flips;
    p.rows[s] = a.rows[s] + b.rows[t];
    p.bytes[s] = b.bytes[t] || (a.bytes[s] && !b.rows[t]);
  }
  p.flips = a.flips ^ b.flips;
  return p;
}

static long piece_rows(piece all) { return all.rows[0] + all.bytes[0]; }
