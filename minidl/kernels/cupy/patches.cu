// The windows of pictures (N, H, W, C) as rows, and back: columns (N, rows, cols, kh, kw, C).
// One thread for each number of the result. A thread that makes a gradient looks up all that its number went into, so no two threads
// ever write to one place and the sums have one order.
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
