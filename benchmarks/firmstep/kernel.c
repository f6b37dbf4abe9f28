/* The reference model in C: blocks of 128 firms, short branch-free loops. numbers.h is written from spec.py.
 *
 * LIBRARY_MATH takes exp, log and cos of the C library (vector versions under -ffast-math), else polynomials as in the
 * engine's elementary.py: without -ffast-math a compiler makes no vector instructions of library calls. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "numbers.h"

#define BLOCK 128
#define LANES 32
#define OUTCOMES (12 + TIERS + CLAUSES)
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define EACH for (int j = 0; j < BLOCK; j++)

enum { SECTORS_, ZONE_, TIER_, OLDEST_, LEAST_, BASE_, RATE_1, RATE_2, RATE_3, LINE_1, LINE_2, CAP_, GROUP_, FIELDS };
enum { INVESTMENT, VALUE_ADDED, STAFF_, CAPITAL_, FIRMS_, PAID, ADOPTERS, RESEARCH, EXITS, ENTRIES, PROMOTIONS, PROFIT };

typedef struct {
  double *capital, *productivity, *staff, *intensity, *cash;
  int16_t *age;
  uint8_t *sector, *zone, *tier, *digital, *alive;
  int64_t used, slots;
  double peers[SECTORS];
  uint64_t key;
} Firms;

typedef struct {
  double clause[CLAUSES][FIELDS];
  int open_to[SECTORS * ZONES * TIERS];
} Mix;

static inline uint64_t scattered(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}
static inline uint64_t word_of(uint64_t key, uint64_t firm) { return scattered(key + (firm + 1) * GOLDEN); }
static inline uint64_t bits_of(uint64_t word, int t, int purpose) {
  return scattered(word + (uint64_t)(t * 16 + purpose + 1) * STEP);
}

#ifdef LIBRARY_MATH
static inline double e_to(double x) { return exp(x); }
static inline double ln(double x) { return log(x); }
static inline double cos_turn(double u) { return cos(6.283185307179586 * u); }
#else
static inline double number_of(int64_t bits) { double x; memcpy(&x, &bits, 8); return x; }
static inline int64_t whole_of(double x) { int64_t bits; memcpy(&bits, &x, 8); return bits; }
static inline double e_to(double x) {
  x = MAX(-700.0, MIN(700.0, x));
  double q = floor(x * 1.4426950408889634 + 0.5);
  double r = (x - q * 0.693147180369123816490) - q * 1.90821492927058770002e-10;
  double p = 2.08767569878681e-09;
  p = p * r + 2.505210838544172e-08; p = p * r + 2.755731922398589e-07; p = p * r + 2.7557319223985893e-06;
  p = p * r + 2.48015873015873e-05; p = p * r + 0.0001984126984126984; p = p * r + 0.001388888888888889;
  p = p * r + 0.008333333333333333; p = p * r + 0.041666666666666664; p = p * r + 0.16666666666666666;
  p = p * r + 0.5; p = p * r + 1.0; p = p * r + 1.0;
  return p * number_of((int64_t)((uint64_t)(whole_of(q + 6755399441055744.0) + 1023) << 52));
}
static inline double ln(double x) {
  int64_t bits = whole_of(x), power = (bits - 0x3FE6A09E667F3BCDll) >> 52;
  double m = number_of(bits - (int64_t)((uint64_t)power << 52)), f = (m - 1.0) / (m + 1.0), z = f * f, e = (double)power;
  double p = 0.09523809523809523;
  p = p * z + 0.10526315789473684; p = p * z + 0.11764705882352941; p = p * z + 0.13333333333333333;
  p = p * z + 0.15384615384615385; p = p * z + 0.18181818181818182; p = p * z + 0.2222222222222222;
  p = p * z + 0.2857142857142857; p = p * z + 0.4; p = p * z + 0.6666666666666666; p = p * z + 2.0;
  return e * 0.693147180369123816490 + (e * 1.90821492927058770002e-10 + f * p);
}
static inline double cos_turn(double u) {
  double y = fabs(u - 0.5) - 0.25, z = y * y, p = 0.0011309237482517954;
  p = p * z - 0.012031585942120619; p = p * z + 0.10422916220813978; p = p * z - 0.7181223017785001;
  p = p * z + 3.8199525848482803; p = p * z - 15.094642576822984; p = p * z + 42.058693944897634;
  p = p * z - 76.70585975306136; p = p * z + 81.60524927607504; p = p * z - 41.341702240399755;
  p = p * z + 6.283185307179586;
  return p * y;
}
#endif

static inline double uniform(uint64_t bits) { return (double)(bits >> 11) * 0x1p-53; }
static inline double normal(uint64_t bits) {
  return sqrt(-2.0 * ln(((double)(bits >> 32) + 0.5) * 0x1p-32)) * cos_turn((double)(bits & 0xffffffffu) * 0x1p-32);
}
static inline double schedule(const double *c, double x) {
  double between = MIN(MAX(x - c[LINE_1], 0.0), c[LINE_2] - c[LINE_1]);
  double v = c[RATE_1] * MIN(x, c[LINE_1]) + c[RATE_2] * between + c[RATE_3] * MAX(x - c[LINE_2], 0.0);
  return MIN(v, c[CAP_]);
}

/* benefits of one newcomer in one zone: those on projects at once, others for some years */
static double benefits(const Mix *mix, int cell, double capital, double wages, double spending) {
  const double base[3] = {capital, wages, spending};
  double b[CLAUSES], sum = 0;
  for (int c = 0; c < CLAUSES; c++) {
    int open = (mix->open_to[cell] >> c) & 1;
    b[c] = open && capital >= mix->clause[c][LEAST_] ? schedule(mix->clause[c], base[BASE_OF[c]]) : 0.0;
    for (int d = 0; d < c; d++) if (GROUP_OF[c] >= 0 && GROUP_OF[d] == GROUP_OF[c]) {
      if (b[c] > b[d]) b[d] = 0; else b[c] = 0;
    }
  }
  for (int c = 0; c < CLAUSES; c++) sum += BASE_OF[c] == 0 ? b[c] : YEARS_COUNTED * b[c];
  return sum;
}

static void enter(Firms *f, const Mix *mix, int t, const double *distribution, int size, double *out) {
  double u = uniform(bits_of(word_of(f->key, NOBODY), t, LUCK_OF_COUNT));
  int low = 0, high = size;
  while (low < high) { int m = (low + high) / 2; if (distribution[m] < u) low = m + 1; else high = m; }
  int64_t many = MIN(low, f->slots - f->used);
  for (int64_t i = f->used; i < f->used + many; i++) {
    uint64_t word = word_of(f->key, (uint64_t)i);
    double us = uniform(bits_of(word, t, LUCK_OF_SECTOR));
    int s = 0;
    while (s < SECTORS - 1 && us >= SECTOR_ENDS[s]) s++;
    double la = NORMAL[s] + ENTRANT_SPREAD * normal(bits_of(word, t, LUCK_OF_PRODUCTIVITY));
    double lnk = ENTRANT_CAPITAL + ENTRANT_CAPITAL_SPREAD * normal(bits_of(word, t, LUCK_OF_CAPITAL));
    double lnl = ENTRANT_STAFF + ENTRANT_STAFF_SPREAD * normal(bits_of(word, t, LUCK_OF_STAFF));
    double k = e_to(lnk), l = e_to(lnl), va = e_to(la + CAPITAL_SHARE * lnk + LABOUR_SHARE * lnl), b[2];
    for (int z = 0; z < 2; z++) b[z] = benefits(mix, (s * ZONES + z) * TIERS, k, WAGE * l, INTENSITY[s] * va);
    double score = ZONE_BASE + ZONE_SUPPORT * (b[1] - b[0]) / k;
    f->capital[i] = k; f->productivity[i] = la; f->staff[i] = l; f->intensity[i] = INTENSITY[s];
    f->cash[i] = CASH_AT_START * k; f->age[i] = 0; f->sector[i] = s; f->tier[i] = 0; f->digital[i] = 0; f->alive[i] = 1;
    f->zone[i] = uniform(bits_of(word, t, LUCK_OF_ZONE)) * (1.0 + e_to(-score)) < 1.0;
    out[s * OUTCOMES + ENTRIES] += 1;
  }
  f->used += many;
}

static inline double folded(double *lanes) {
  for (int i = 0; i < 16; i++) lanes[i] += lanes[i + 16];
  for (int i = 0; i < 8; i++) lanes[i] += lanes[i + 8];
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}
/* a sum over a block lane by lane: as fast without the right to change the order of sums as with it */
#define SUM(to, J, what) do { double lanes[LANES] = {0}; \
  for (int part = 0; part < BLOCK; part += LANES) for (int i = 0; i < LANES; i++) { const int J = part + i; lanes[i] += (what); } \
  (to) += folded(lanes); } while (0)

static void quarter(Firms *f, const Mix *mix, int t, double *out) {
  const double kept = 1.0 - WEAR, ln_kept = log(kept), ln_share = log(CAPITAL_SHARE), curvature = 1.0 / (1.0 - CAPITAL_SHARE);
  const double ln_staff_share = log(LABOUR_SHARE) - log(WAGE);
  double k[BLOCK], la[BLOCK], l[BLOCK], rd[BLOCK], cash[BLOCK], age[BLOCK], tier[BLOCK], digital[BLOCK], alive[BLOCK];
  double level[BLOCK], usual[BLOCK], peers[BLOCK], asked_k[BLOCK], asked_rd[BLOCK], z[BLOCK], u_cost[BLOCK], u_adopt[BLOCK];
  double u_rise[BLOCK], u_exit[BLOCK], lnk[BLOCK], lnl[BLOCK], lnva[BLOCK], va[BLOCK], lnw[BLOCK], wanted[BLOCK], x[3][BLOCK];
  double b[CLAUSES][BLOCK], on[3][BLOCK], other[BLOCK], acts[BLOCK], invested[BLOCK], paid[BLOCK], rate[BLOCK], rise[BLOCK];
  double up[BLOCK], stays[BLOCK], leaves[BLOCK], profit[BLOCK];
  int64_t open[BLOCK];
  uint64_t word[BLOCK];
  for (int64_t i0 = 0; i0 < f->used; i0 += BLOCK) {
    const int n = (int)MIN((int64_t)BLOCK, f->used - i0);
    const uint8_t *sector = f->sector + i0;
    int same = 1, any = 0;
    for (int j = 0; j < n; j++) {
      int s = sector[j], m = f->tier[i0 + j];
      same &= s == sector[0];
      any |= f->alive[i0 + j];
      alive[j] = f->alive[i0 + j];
      open[j] = mix->open_to[(s * ZONES + f->zone[i0 + j]) * TIERS + m];
      level[j] = NORMAL[s]; usual[j] = INTENSITY[s]; peers[j] = f->peers[s];
      digital[j] = f->digital[i0 + j]; age[j] = f->age[i0 + j]; tier[j] = m;
      asked_k[j] = LEAST_CAPITAL[m]; asked_rd[j] = LEAST_INTENSITY[m];
      k[j] = f->capital[i0 + j]; la[j] = f->productivity[i0 + j]; l[j] = f->staff[i0 + j];
      rd[j] = f->intensity[i0 + j]; cash[j] = f->cash[i0 + j];
    }
    if (!any) continue;
    for (int j = n; j < BLOCK; j++) {
      alive[j] = 0; open[j] = 0; level[j] = usual[j] = peers[j] = digital[j] = age[j] = tier[j] = 0;
      asked_k[j] = asked_rd[j] = k[j] = l[j] = 1; la[j] = rd[j] = cash[j] = 0;
    }
    EACH word[j] = word_of(f->key, (uint64_t)(i0 + j));
    EACH z[j] = normal(bits_of(word[j], t, LUCK_OF_GROWTH));
    EACH u_cost[j] = uniform(bits_of(word[j], t, LUCK_OF_COST));
    EACH u_adopt[j] = uniform(bits_of(word[j], t, LUCK_OF_ADOPTION));
    EACH u_rise[j] = uniform(bits_of(word[j], t, LUCK_OF_RISE));
    EACH u_exit[j] = uniform(bits_of(word[j], t, LUCK_OF_EXIT));
    EACH {
      la[j] = PERSISTENCE * la[j] + (1.0 - PERSISTENCE) * (level[j] + RESEARCH_GAIN * rd[j] + DIGITAL_GAIN * digital[j]) + SPREAD * z[j];
      lnk[j] = ln(k[j]); lnl[j] = ln(l[j]);
      lnva[j] = la[j] + CAPITAL_SHARE * lnk[j] + LABOUR_SHARE * lnl[j];
      lnw[j] = (ln_share + la[j] + LABOUR_SHARE * lnl[j] - LN_USER_COST[t]) * curvature;
    }
    EACH {
      va[j] = e_to(lnva[j]); wanted[j] = e_to(lnw[j]);
      x[0][j] = MAX(wanted[j] - kept * k[j], 0.0); x[1][j] = WAGE * l[j]; x[2][j] = rd[j] * va[j];
      on[0][j] = on[1][j] = on[2][j] = 0;
    }
#pragma GCC unroll 12
    for (int c = 0; c < CLAUSES; c++) {
      const double *clause = mix->clause[c], *base = x[BASE_OF[c]], least = clause[LEAST_], oldest = clause[OLDEST_];
      const double r1 = clause[RATE_1], r2 = clause[RATE_2], r3 = clause[RATE_3], x1 = clause[LINE_1], x2 = clause[LINE_2];
      const double dx = x2 - x1, cap = clause[CAP_];
      EACH {
        double v = r1 * MIN(base[j], x1) + r2 * MIN(MAX(base[j] - x1, 0.0), dx) + r3 * MAX(base[j] - x2, 0.0);
        v = MIN(v, cap);
        b[c][j] = ((open[j] & (1 << c)) != 0) & (age[j] <= oldest) & (x[0][j] >= least) ? v : 0.0;
      }
      for (int d = 0; d < c; d++) if (GROUP_OF[c] >= 0 && GROUP_OF[d] == GROUP_OF[c]) EACH {
        double p = b[c][j], o = b[d][j];
        b[d][j] = p > o ? 0.0 : o; b[c][j] = p > o ? p : 0.0;
      }
    }
    for (int c = 0; c < CLAUSES; c++) EACH on[BASE_OF[c]][j] += b[c][j];
    EACH {
      other[j] = on[1][j] + on[2][j];
      rate[j] = MIN(LARGEST_RATE, on[0][j] / MAX(x[0][j], 1e-30));
      rise[j] = -ln(1.0 - rate[j]) * curvature;
    }
    EACH {
      double after = wanted[j] * e_to(rise[j]), old = kept * k[j], gap = MAX(0.0, lnw[j] + rise[j] - (lnk[j] + ln_kept));
      double v = MIN(after - old, MAX(0.0, cash[j] + BANKABLE * va[j]) / (1.0 - rate[j]));
      double net = 0.5 * GAIN_OF_GAP * va[j] * gap * gap - FIXED_COST * u_cost[j] * k[j];
      acts[j] = MIN(net, v) > 0 ? alive[j] : 0.0;
      invested[j] = acts[j] * MAX(v, 0.0);
      k[j] = old + invested[j];
      paid[j] = other[j] + acts[j] * on[0][j];
    }
    EACH {
      double s = ADOPT_BASE + ADOPT_SUPPORT * MIN((on[0][j] + other[j]) / va[j], 2.0) + ADOPT_PEERS * peers[j];
      digital[j] = u_adopt[j] * (1.0 + e_to(-s)) < 1.0 ? 1.0 : digital[j];
      rd[j] += RESEARCH_SPEED * (usual[j] * (1.0 + RESEARCH_RESPONSE * MIN(1.0, on[2][j] / (x[2][j] + 1e-9))) - rd[j]);
      double r = RISE_BASE + RISE_RESEARCH * rd[j] + RISE_PRODUCTIVITY * la[j];
      up[j] = (k[j] >= asked_k[j]) & (rd[j] >= asked_rd[j]) & (u_rise[j] * (1.0 + e_to(-r)) < 1.0) ? alive[j] : 0.0;
      tier[j] += up[j];
    }
    EACH {
      double op = va[j] - x[1][j] - x[2][j];
      profit[j] = op + paid[j];
      cash[j] = CASH_KEPT * cash[j] + (1.0 - TAX) * op + paid[j] - invested[j] - INTEREST * k[j];
      double s = EXIT_BASE + EXIT_SIZE * lnl[j] + EXIT_AGE * MIN(age[j], 40.0) * (1.0 / 40) + EXIT_PROFIT * MAX(-1.0, MIN(1.0, profit[j] / va[j]));
      leaves[j] = u_exit[j] * (1.0 + e_to(-s)) < 1.0 ? alive[j] : 0.0;
      stays[j] = alive[j] - leaves[j];
      l[j] = e_to((1.0 - STAFF_SPEED) * lnl[j] + STAFF_SPEED * (ln_staff_share + lnva[j]));
    }
    memcpy(f->capital + i0, k, n * sizeof *k); memcpy(f->staff + i0, l, n * sizeof *l); memcpy(f->intensity + i0, rd, n * sizeof *rd);
    memcpy(f->cash + i0, cash, n * sizeof *cash); memcpy(f->productivity + i0, la, n * sizeof *la);
    for (int j = 0; j < n; j++) {
      f->tier[i0 + j] = (uint8_t)tier[j]; f->digital[i0 + j] = (uint8_t)digital[j]; f->alive[i0 + j] = (uint8_t)stays[j];
    }
    for (int j = 0; j < n; j++) f->age[i0 + j]++;
    if (same) {
      double *a = out + sector[0] * OUTCOMES;
      SUM(a[INVESTMENT], j, invested[j]); SUM(a[VALUE_ADDED], j, alive[j] * va[j]); SUM(a[STAFF_], j, stays[j] * l[j]);
      SUM(a[CAPITAL_], j, stays[j] * k[j]); SUM(a[FIRMS_], j, stays[j]); SUM(a[PAID], j, alive[j] * paid[j]);
      SUM(a[ADOPTERS], j, stays[j] * digital[j]); SUM(a[RESEARCH], j, alive[j] * x[2][j]); SUM(a[EXITS], j, leaves[j]);
      SUM(a[PROMOTIONS], j, up[j]); SUM(a[PROFIT], j, alive[j] * profit[j]);
      for (int m = 0; m < TIERS; m++) SUM(a[12 + m], j, tier[j] == (double)m ? stays[j] : 0.0);
      for (int c = 0; c < CLAUSES; c++) {
        const double *who = BASE_OF[c] == 0 ? acts : alive;
        SUM(a[12 + TIERS + c], j, who[j] * b[c][j]);
      }
    } else for (int j = 0; j < n; j++) if (alive[j] > 0) {
      double *a = out + sector[j] * OUTCOMES;
      a[INVESTMENT] += invested[j]; a[VALUE_ADDED] += va[j]; a[PAID] += paid[j]; a[RESEARCH] += x[2][j]; a[EXITS] += leaves[j];
      a[PROMOTIONS] += up[j]; a[PROFIT] += profit[j];
      if (stays[j] > 0) {
        a[STAFF_] += l[j]; a[CAPITAL_] += k[j]; a[FIRMS_] += 1; a[ADOPTERS] += digital[j]; a[12 + (int)tier[j]] += 1;
      }
      for (int c = 0; c < CLAUSES; c++) a[12 + TIERS + c] += (BASE_OF[c] == 0 ? acts[j] : 1.0) * b[c][j];
    }
  }
}

/* One run. start: columns of `slots` firms one after another, wide ones first, copied to `room`; mix [CLAUSES][FIELDS] and
 * the cells' bits; out [QUARTERS][SECTORS][OUTCOMES], added to. */
void one(int64_t firms, int64_t slots, uint64_t key, const char *start, char *room, const double *peers, const double *clauses,
         const int64_t *open_to, const double *distribution, int size, double *out) {
  Firms f = {.used = firms, .slots = slots, .key = key};
  Mix mix;
  memcpy(room, start, (size_t)slots * 47);
  f.capital = (double *)room; f.productivity = f.capital + slots; f.staff = f.productivity + slots;
  f.intensity = f.staff + slots; f.cash = f.intensity + slots;
  f.age = (int16_t *)(f.cash + slots);
  f.sector = (uint8_t *)(f.age + slots); f.zone = f.sector + slots; f.tier = f.zone + slots;
  f.digital = f.tier + slots; f.alive = f.digital + slots;
  memcpy(f.peers, peers, sizeof f.peers);
  memcpy(mix.clause, clauses, sizeof mix.clause);
  for (int i = 0; i < SECTORS * ZONES * TIERS; i++) mix.open_to[i] = (int)open_to[i];
  for (int t = 0; t < QUARTERS; t++, out += SECTORS * OUTCOMES) {
    quarter(&f, &mix, t, out);
    for (int s = 0; s < SECTORS; s++) f.peers[s] = out[s * OUTCOMES + ADOPTERS] / MAX(1.0, out[s * OUTCOMES + FIRMS_]);
    enter(&f, &mix, t, distribution, size, out);
  }
}
