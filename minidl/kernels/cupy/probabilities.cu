// Softmax and cross-entropy. Rows are short (ten classes): one thread for each row.
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
