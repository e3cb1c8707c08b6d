// The gradients of what a `product` did to its result. One thread for VEC numbers (4 or 1): channels side by side.
typedef REAL real;
#define THIS_THREAD (blockIdx.x * blockDim.x + threadIdx.x)

struct alignas(sizeof(real) * VEC) Vector {
    real v[VEC];
};
struct alignas(VEC) Winners {
    unsigned char v[VEC];
};

// Back through a 2×2 max-pool and ReLU: H × W are the convolution's places, C its channels / VEC.
extern "C" __global__ void unpool(const Vector *g, const Winners *winner, Vector *dz, int count, int H, int W, int C) {
    int at = THIS_THREAD;
    if (at >= count) return;
    int m = at % C, w = at / C % W, h = at / C / W % H, n = at / C / W / H, rows = H / 2, cols = W / 2, me = h % 2 * 2 + w % 2;
    Vector values = {};
    if (h / 2 < rows && w / 2 < cols) {
        const int place = ((n * rows + h / 2) * cols + w / 2) * C + m;
        const Winners who = winner[place];
        const Vector gradient = g[place];
        for (int i = 0; i < VEC; i++) values.v[i] = who.v[i] == me ? gradient.v[i] : (real)0;
    }
    dz[at] = values;
}

extern "C" __global__ void relu_gradient(const Vector *g, const Vector *y, Vector *dz, int count) {
    int at = THIS_THREAD;
    if (at >= count) return;
    const Vector result = y[at];
    Vector values = g[at];
    for (int i = 0; i < VEC; i++) values.v[i] = result.v[i] > 0 ? values.v[i] : (real)0;
    dz[at] = values;
}
