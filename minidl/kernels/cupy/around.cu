// What comes before and after a `product`; one thread for each number of the result.
typedef REAL real;
#define THIS_THREAD (blockIdx.x * blockDim.x + threadIdx.x)

// Back through a 2×2 max-pool and ReLU that `product` ran with the convolution: H × W are the convolution's places.
extern "C" __global__ void unpool(const real *g, const unsigned char *winner, real *dz, int count, int H, int W, int C) {
    int at = THIS_THREAD;
    if (at >= count) return;
    int m = at % C, w = at / C % W, h = at / C / W % H, n = at / C / W / H, rows = H / 2, cols = W / 2;
    real value = 0;
    if (h / 2 < rows && w / 2 < cols) {
        int place = ((n * rows + h / 2) * cols + w / 2) * C + m;
        if (winner[place] == h % 2 * 2 + w % 2) value = g[place];
    }
    dz[at] = value;
}

extern "C" __global__ void relu_gradient(const real *g, const real *y, real *dz, int count) {
    int at = THIS_THREAD;
    if (at < count) dz[at] = y[at] > 0 ? g[at] : (real)0;
}

// What the parts of a `product` found, added up in their order; with bias and ReLU for a dense layer.
extern "C" __global__ void sum_parts(const real *parts, const real *bias, real *y, int count, int N, int how_many, int relu) {
    int at = THIS_THREAD;
    if (at >= count) return;
    real total = 0;
    for (int part = 0; part < how_many; part++) total += parts[part * count + at];
    if (bias) total += bias[at % N];
    y[at] = relu && total <= 0 ? (real)0 : total;
}
