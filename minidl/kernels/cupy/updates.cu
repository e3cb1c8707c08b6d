// One launch updates up to eight parameters w, each with its gradient g and up to three arrays of state. The block's y says which.
// clock = {updates made, learning rate}, in device memory. Compiled for each rule: RULE is SGD, MOMENTUM, ADAGRAD, RMSPROP or ADAM.
typedef REAL real;

#define SGD 0
#define MOMENTUM 1  // p0: momentum; flag: nesterov
#define ADAGRAD 2   // p0: epsilon
#define RMSPROP 3   // p0: rho, p1: momentum, p2: epsilon; flag: 1 momentum, 2 centered. b: momentum, c: average gradient
#define ADAM 4      // p0, p1: beta 1 and 2, p2: epsilon; flag: amsgrad

#define TENSOR(i) real *w##i, const real *g##i, real *a##i, real *b##i, real *c##i, int n##i
#define PICK(i) case i: w = w##i; g = g##i; a = a##i; b = b##i; c = c##i; n = n##i; break;

extern "C" __global__ void update(
    const double *clock, double decay, double p0, double p1, double p2, int flag,
    TENSOR(0), TENSOR(1), TENSOR(2), TENSOR(3), TENSOR(4), TENSOR(5), TENSOR(6), TENSOR(7)) {
    [[maybe_unused]] real *w, *a, *b, *c;
    const real *g;
    int n;
    switch (blockIdx.y) { PICK(0) PICK(1) PICK(2) PICK(3) PICK(4) PICK(5) PICK(6) default: PICK(7) }
    const double rate = clock[1];
    [[maybe_unused]] const real eta = rate, shrink = rate * decay, r0 = p0, r1 = p1, r2 = p2;
#if RULE == ADAM
    const double t = clock[0] + 1;
    const real corrected = rate * sqrt(1 - pow(p1, t)) / (1 - pow(p0, t));
#endif
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
        real weight = w[i];
        const real grad = g[i];
        weight -= shrink * weight;
#if RULE == SGD
        weight -= eta * grad;
#elif RULE == MOMENTUM
        const real v = a[i] = r0 * a[i] - eta * grad;
        weight += flag ? r0 * v - eta * grad : v;
#elif RULE == ADAGRAD
        const real sum = a[i] += grad * grad;
        weight -= eta * grad / sqrt(sum + r0);
#elif RULE == RMSPROP
        const real v = a[i] += (1 - r0) * (grad * grad - a[i]);
        real variance = v;
        if (flag & 2) {
            const real mean = c[i] += (1 - r0) * (grad - c[i]);
            variance = v - mean * mean;
            if (variance < 0) variance = 0;
        }
        real step = eta * grad / sqrt(variance + r2);
        if (flag & 1) step = b[i] = r1 * b[i] + step;
        weight -= step;
#else
        const real m = a[i] += (real)(1 - p0) * (grad - a[i]);
        real v = b[i] += (real)(1 - p1) * (grad * grad - b[i]);
        if (flag) v = c[i] = c[i] > v ? c[i] : v;
        weight -= corrected * m / (sqrt(v) + r2);
#endif
        w[i] = weight;
    }
}
