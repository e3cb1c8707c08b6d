// What happens to pictures (N, H, W, C) and their windows, one thread for each number of the result. A thread that makes a gradient looks
// up all that its number went into, so no two threads ever write to one place and the sums have one order.
typedef REAL real;

#define PLACES int H, int W, int C, int rows, int cols, int kh, int kw, int sh, int sw, int dh, int dw, int top, int left
#define THIS_THREAD (blockIdx.x * blockDim.x + threadIdx.x)

extern "C" __global__ void im2col(const real *x, real *columns, int count, PLACES) {
    int at = THIS_THREAD;
    if (at >= count) return;
    int m = at % C, j = at / C % kw, i = at / C / kw % kh, place = at / C / kw / kh;
    int c = place % cols, r = place / cols % rows, n = place / cols / rows;
    int h = sh * r + dh * i - top, w = sw * c + dw * j - left;
    columns[at] = h >= 0 && h < H && w >= 0 && w < W ? x[((n * H + h) * W + w) * C + m] : (real)0;
}

extern "C" __global__ void col2im(const real *columns, real *x, int count, PLACES) {
    int at = THIS_THREAD;
    if (at >= count) return;
    int m = at % C, w = at / C % W + left, h = at / C / W % H + top, n = at / C / W / H;
    real total = 0;
    for (int i = 0; i < kh; i++)
        for (int j = 0; j < kw; j++) {
            int r = h - dh * i, c = w - dw * j;
            if (r < 0 || c < 0 || r % sh || c % sw || r / sh >= rows || c / sw >= cols) continue;
            total += columns[((((n * rows + r / sh) * cols + c / sw) * kh + i) * kw + j) * C + m];
        }
    x[at] = total;
}

// The first of the largest in a window wins, not a number before all; what lies outside never does.
extern "C" __global__ void max_pool(const real *x, real *y, unsigned char *winner, int count, PLACES) {
    int at = THIS_THREAD;
    if (at >= count) return;
    int m = at % C, c = at / C % cols, r = at / C / cols % rows, n = at / C / cols / rows, who = -1;
    real best = 0;
    for (int i = 0; i < kh; i++)
        for (int j = 0; j < kw; j++) {
            int h = sh * r + i - top, w = sw * c + j - left;
            if (h < 0 || h >= H || w < 0 || w >= W) continue;
            real value = x[((n * H + h) * W + w) * C + m];
            if (who < 0 || value > best || (value != value && best == best)) {
                best = value;
                who = i * kw + j;
            }
        }
    y[at] = best;
    winner[at] = who;
}

extern "C" __global__ void max_pool_gradient(const real *g, const unsigned char *winner, real *dx, int count, PLACES) {
    int at = THIS_THREAD;
    if (at >= count) return;
    int m = at % C, w = at / C % W + left, h = at / C / W % H + top, n = at / C / W / H;
    real total = 0;
    for (int i = h % sh; i < kh && i <= h; i += sh)
        for (int j = w % sw; j < kw && j <= w; j += sw) {
            int r = (h - i) / sh, c = (w - j) / sw;
            if (r >= rows || c >= cols) continue;
            int place = ((n * rows + r) * cols + c) * C + m;
            if (winner[place] == i * kw + j) total += g[place];
        }
    dx[at] = total;
}

__device__ int inside(int first, int window, int size) {  // how many of a window's lines lie in the picture
    return min(first + window, size) - max(first, 0);
}

extern "C" __global__ void average_pool(const real *x, real *y, int count, PLACES) {
    int at = THIS_THREAD;
    if (at >= count) return;
    int m = at % C, c = at / C % cols, r = at / C / cols % rows, n = at / C / cols / rows;
    real total = 0;
    for (int i = 0; i < kh; i++)
        for (int j = 0; j < kw; j++) {
            int h = sh * r + i - top, w = sw * c + j - left;
            if (h >= 0 && h < H && w >= 0 && w < W) total += x[((n * H + h) * W + w) * C + m];
        }
    y[at] = total / (inside(sh * r - top, kh, H) * inside(sw * c - left, kw, W));
}

extern "C" __global__ void average_pool_gradient(const real *g, real *dx, int count, PLACES) {
    int at = THIS_THREAD;
    if (at >= count) return;
    int m = at % C, w = at / C % W + left, h = at / C / W % H + top, n = at / C / W / H;
    real total = 0;
    for (int i = h % sh; i < kh && i <= h; i += sh)
        for (int j = w % sw; j < kw && j <= w; j += sw) {
            int r = (h - i) / sh, c = (w - j) / sw;
            if (r >= rows || c >= cols) continue;
            total += g[((n * rows + r) * cols + c) * C + m] / (inside(sh * r - top, kh, H) * inside(sw * c - left, kw, W));
        }
    dx[at] = total;
}

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
