// Pooling of pictures (N, H, W, C).
// One thread for each number of the result. A thread that makes a gradient looks up all that its number went into, so no two threads
// ever write to one place and the sums have one order.
typedef REAL real;
#define PLACES int H, int W, int C, int rows, int cols, int kh, int kw, int sh, int sw, int dh, int dw, int top, int left
#define THIS_THREAD (blockIdx.x * blockDim.x + threadIdx.x)

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
