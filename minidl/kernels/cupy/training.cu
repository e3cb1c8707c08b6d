// Probabilities, losses, masks and updates. Rows of probabilities are short (ten classes): one thread for each row.
typedef REAL real;
#define THIS_THREAD (blockIdx.x * blockDim.x + threadIdx.x)

extern "C" __global__ void softmax(const real *x, real *y, int rows, int K) {
    int row = THIS_THREAD;
    if (row >= rows) return;
    x += row * K;
    y += row * K;
    real largest = x[0], total = 0;
    for (int i = 1; i < K; i++)
        if (x[i] > largest || x[i] != x[i]) largest = x[i];
    for (int i = 0; i < K; i++) total += y[i] = exp(x[i] - largest);
    for (int i = 0; i < K; i++) y[i] /= total;
}

extern "C" __global__ void softmax_gradient(const real *g, const real *y, real *dx, int rows, int K) {
    int row = THIS_THREAD;
    if (row >= rows) return;
    real total = 0;
    for (int i = row * K; i < row * K + K; i++) total += g[i] * y[i];
    for (int i = row * K; i < row * K + K; i++) dx[i] = y[i] * (g[i] - total);
}

// -Σ t · ln p, the probabilities divided by their sum and kept within smallest … 1 - smallest
extern "C" __global__ void crossentropy(const real *p, const real *targets, real *loss, int rows, int K, double smallest) {
    int row = THIS_THREAD;
    if (row >= rows) return;
    const real low = smallest, high = 1 - smallest;
    real sum = 0, total = 0;
    for (int i = row * K; i < row * K + K; i++) sum += p[i];
    for (int i = row * K; i < row * K + K; i++) {
        const real share = p[i] / sum;
        total -= targets[i] * log(share < low ? low : share > high ? high : share);
    }
    loss[row] = total;
}

extern "C" __global__ void crossentropy_gradient(
    const real *g, const real *p, const real *targets, real *dp, int rows, int K, double smallest) {
    int row = THIS_THREAD;
    if (row >= rows) return;
    const real low = smallest, high = 1 - smallest;
    real sum = 0, total = 0;
    for (int i = row * K; i < row * K + K; i++) sum += p[i];
    for (int i = row * K; i < row * K + K; i++) {  // where a share was clipped, nothing passes
        const real share = p[i] / sum;
        if (share >= low && share <= high) total += targets[i];
    }
    for (int i = row * K; i < row * K + K; i++) {
        const real share = p[i] / sum;
        const real own = share >= low && share <= high ? targets[i] / share : (real)0;
        dp[i] = g[row] * (total - own) / sum;
    }
}

// Philox 4x32-10: four random words from a counter and a key, by ten rounds of multiplication (Salmon et al. 2011). The n-th number is a
// function of n alone, so threads need no state; where the next draw begins is a number in device memory, which `advance` moves.
__device__ void philox(unsigned *c, unsigned key0, unsigned key1) {
    for (int round = 0; round < 10; round++) {
        const unsigned long long product0 = 0xD2511F53ull * c[0], product1 = 0xCD9E8D57ull * c[2];
        const unsigned high0 = product0 >> 32, high1 = product1 >> 32;
        c[0] = high1 ^ c[1] ^ key0;
        c[2] = high0 ^ c[3] ^ key1;
        c[1] = (unsigned)product1;
        c[3] = (unsigned)product0;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

// 0 with probability rate, else 1 / (1 - rate); state = {key, where the next draw begins}. Each thread makes four.
extern "C" __global__ void keep_mask(real *mask, const unsigned long long *state, int count, double rate) {
    int at = THIS_THREAD;
    if (4 * at >= count) return;
    const unsigned long long place = state[1] + at;
    unsigned words[4] = {(unsigned)place, (unsigned)(place >> 32), 0u, 0u};
    philox(words, (unsigned)state[0], (unsigned)(state[0] >> 32));
    for (int i = 0; i < 4 && 4 * at + i < count; i++) mask[4 * at + i] = words[i] * (1.0 / 4294967296.0) >= rate ? (real)(1 / (1 - rate)) : (real)0;
}

extern "C" __global__ void advance(unsigned long long *number, unsigned long long step) {
    if (THIS_THREAD == 0) *number += step;
}

// One launch updates up to eight parameters w, each with its gradient g and up to three arrays of state. The block's y says which.
// clock = {updates made, learning rate}, in device memory.
#define TENSOR(i) real *w##i, const real *g##i, real *a##i, real *b##i, real *c##i, int n##i
#define PICK(i) case i: w = w##i; g = g##i; a = a##i; b = b##i; c = c##i; n = n##i; break;
#define UPDATE(name, ...) extern "C" __global__ void name( \
    const double *clock, double decay, double p0, double p1, double p2, int flag, \
    TENSOR(0), TENSOR(1), TENSOR(2), TENSOR(3), TENSOR(4), TENSOR(5), TENSOR(6), TENSOR(7)) { \
    real *w, *a, *b, *c; const real *g; int n; \
    switch (blockIdx.y) { PICK(0) PICK(1) PICK(2) PICK(3) PICK(4) PICK(5) PICK(6) default: PICK(7) } \
    const double t = clock[0] + 1, rate = clock[1]; \
    const real eta = rate, shrink = rate * decay, r0 = p0, r1 = p1, r2 = p2; \
    for (int i = THIS_THREAD; i < n; i += gridDim.x * blockDim.x) { \
        real weight = w[i]; const real grad = g[i]; \
        weight -= shrink * weight; \
        __VA_ARGS__ \
        w[i] = weight; \
    } \
}

UPDATE(sgd, weight -= eta * grad; (void)t;)

UPDATE(momentum,  // p0: momentum; flag: nesterov
    const real v = a[i] = r0 * a[i] - eta * grad;
    weight += flag ? r0 * v - eta * grad : v; (void)t;)

UPDATE(adagrad,  // p0: epsilon
    const real sum = a[i] += grad * grad;
    weight -= eta * grad / sqrt(sum + r0); (void)t;)

UPDATE(rmsprop,  // p0: rho, p1: momentum, p2: epsilon; flag: 1 momentum, 2 centered. b: momentum, c: average gradient
    const real v = a[i] += (1 - r0) * (grad * grad - a[i]);
    real variance = v;
    if (flag & 2) {
        const real mean = c[i] += (1 - r0) * (grad - c[i]);
        variance = v - mean * mean;
        if (variance < 0) variance = 0;
    }
    real step = eta * grad / sqrt(variance + r2);
    if (flag & 1) step = b[i] = r1 * b[i] + step;
    weight -= step; (void)t;)

UPDATE(adam,  // p0, p1: beta 1 and 2, p2: epsilon; flag: amsgrad
    const real m = a[i] += (real)(1 - p0) * (grad - a[i]);
    real v = b[i] += (real)(1 - p1) * (grad * grad - b[i]);
    if (flag) v = c[i] = c[i] > v ? c[i] : v;
    weight -= (real)(rate * sqrt(1 - pow(p1, t)) / (1 - pow(p0, t))) * m / (sqrt(v) + r2);)
