// 7.3, hard: rows of a CSV text that is cut where nobody has looked, without a second reading.
//
// A row ends with a line end that is not within quotes; the last row may have none. A quote
// turns "within" on and off ("" within quotes does so twice, and nothing is wrong with that).
// A piece of the text does not know whether it begins within quotes: that depends on all bytes
// before it, which others are reading at this moment. dfq guesses, checks, and starts anew when
// the guess was wrong. This is the other way: count for both cases.
//
//   piece_read  what a piece says of itself, whoever reads it, and whenever
//   piece_join  a and b side by side, b behind a, as if they had been one piece
//   piece_rows  the number of rows of a whole text, which begins outside quotes
//
// A piece may be empty, and may be cut anywhere: between two quotes that stand for one, too.
// Pieces are joined in any grouping, ((a b) c) d or (a b) (c d), and the answer is the same.

typedef struct piece {
  long rows;           // yours: one number is not enough
} piece;

static piece piece_read(const char *text, size_t n) {
  piece p = { 0 };
  for (size_t i = 0; i < n; i++) p.rows += text[i] == '\n';
  return p;
}

static piece piece_join(piece a, piece b) {
  a.rows += b.rows;
  return a;
}

static long piece_rows(piece all) { return all.rows; }
